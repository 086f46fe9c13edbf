import { expect, test } from 'vitest'
import { createAnswerMemory } from './answer-memory.ts'

test('the same request of another project is not answered', async () => {
  const memory = createAnswerMemory()
  const requestHash = 'a'.repeat(64)
  const answer = { isStream: false, contentType: 'application/json', text: '{}', target: 'one/gpt' }
  await memory.set({ project: 'one', requestHash }, answer, 60)
  expect(await memory.get({ project: 'one', requestHash })).toEqual(answer)
  expect(await memory.get({ project: 'two', requestHash })).toBeUndefined()
})
