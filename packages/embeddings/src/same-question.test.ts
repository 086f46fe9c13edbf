import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSameQuestion } from './same-question.ts'

test.each([
  ['How do I reset my password?', 'how do i reset my password'],
  ['What is the price of a credit', 'Please, what is the price of a credit?'],
  ["Why can't I sign in?", 'why can not I sign in'],
  ['What’s a lease?', 'what is a lease'],
  ['Is 1,000 enough?', 'is 1,000 enough'],
  ['Ist der Preis fest?', 'ist der preis fest'],
  ['Où est-il ?', 'où est il'],
])('%s and %s are the same', (one, other) => {
  expect(isSameQuestion(one, other)).toBe(true)
  expect(isSameQuestion(other, one)).toBe(true)
})

test.each([
  ['a negation', 'Is it safe to retry?', 'Is it not safe to retry?'],
  ['a contraction of one', 'Does it work?', "Doesn't it work?"],
  ['without', 'run it with a lease', 'run it without a lease'],
  ['an opposite word', 'how do I enable webhooks', 'how do I disable webhooks'],
  ['another number', 'what do 15 credits cost', 'what do 50 credits cost'],
  ['a decimal point', 'round 1.5 up', 'round 15 up'],
  ['a sign', 'is 5 allowed', 'is -5 allowed'],
  ['a currency', 'convert $5', 'convert €5'],
  ['a symbol', 'is C fast', 'is C++ fast'],
  ['who does what', 'does Alice pay Bob', 'does Bob pay Alice'],
  ['where from and where to', 'convert from euro to dollar', 'convert to euro from dollar'],
  ['what is asked for', 'when did it start', 'where did it start'],
  ['when', 'is the server up', 'was the server up'],
  ['a word more', 'delete my account', 'delete my account history'],
  ['nothing but fillers', 'the', 'a'],
  ['an accent', 'ou est il', 'où est il'],
])('questions that differ in %s are not', (_, one, other) => {
  expect(isSameQuestion(one, other)).toBe(false)
  expect(isSameQuestion(other, one)).toBe(false)
})

test('a word that is put in, left out or changed makes another question', () => {
  const word = fc.constantFrom('price', 'of', 'not', '7', 'lease', 'who', 'x1', 'über')
  fc.assert(
    fc.property(fc.array(word, { minLength: 2, maxLength: 8 }), fc.nat(), word, (words, at, other) => {
      const place = at % words.length
      const without = words.toSpliced(place, 1)
      expect(isSameQuestion(words.join(' '), `${words.join(', ')}?`)).toBe(true)
      expect(isSameQuestion(words.join(' '), without.join(' '))).toBe(false)
      expect(isSameQuestion(words.join(' '), words.toSpliced(place, 1, other).join(' '))).toBe(words[place] === other)
    }),
  )
})
