import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSealer, sealedBy } from './seal.ts'

const [first, second] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64url')]
const sealer = createSealer([first])
const place = ['smart_layer', 'OPENAI_API_KEY', '1']
const unreadable = expect.objectContaining({ details: { reason: 'unreadable_secret' } })

test.each(['', 'sk-1', 'ü'.repeat(8192), 'a\0b', '😀'])('%j comes back as it was', (text) => {
  expect(sealer.open(place, sealer.seal(place, text))).toBe(text)
})

test('sealed twice it is another text, and shows nothing of it', () => {
  const sealed = sealer.seal(place, 'canary-value')
  expect(sealer.seal(place, 'canary-value')).not.toBe(sealed)
  expect(Buffer.from(sealed.split('.')[2] ?? '', 'base64url').includes('canary')).toBe(false)
})

test.each([
  ['another project', ['manus_origin', 'OPENAI_API_KEY', '1']],
  ['no project', [null, 'OPENAI_API_KEY', '1']],
  ['another name', ['smart_layer', 'OPENAI', '1']],
  ['another version', ['smart_layer', 'OPENAI_API_KEY', '2']],
  ['parts that join to the same', ['smart_layer/OPENAI_API_KEY', '1']],
])('does not open for %s', (_, other) => {
  const sealed = sealer.seal(place, 'value')
  expect(() => sealer.open(other, sealed)).toThrow(unreadable)
})

test('no changed, shortened or lengthened text opens', () => {
  const sealed = sealer.seal(place, 'value')
  const [version, id, body = ''] = sealed.split('.')
  const box = Buffer.from(body, 'base64url')
  for (let at = 0; at < box.length; at++) {
    const changed = Buffer.from(box)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(() => sealer.open(place, `${version}.${id}.${changed.toString('base64url')}`)).toThrow(unreadable)
    expect(() => sealer.open(place, `${version}.${id}.${box.subarray(0, at).toString('base64url')}`)).toThrow(
      unreadable,
    )
  }
  for (const bad of ['', 'value', `${sealed}.x`, `core2.${id}.${body}`, `core1.00000000.${body}`, `${sealed}AAAA`]) {
    expect(() => sealer.open(place, bad)).toThrow(unreadable)
  }
})

test('the first key seals, all open; another key alone does not', () => {
  const sealed = sealer.seal(place, 'value')
  const rotated = createSealer([second, first])
  expect(rotated.open(place, sealed)).toBe('value')
  expect(sealedBy(rotated.seal(place, 'value'))).toBe(rotated.keyId)
  expect(rotated.keyId).not.toBe(sealer.keyId)
  expect(() => createSealer([second]).open(place, sealed)).toThrow(unreadable)
})

test('half of a surrogate pair and a key of another length are refused', () => {
  expect(() => sealer.seal(place, 'a\ud800')).toThrow(expect.objectContaining({ code: 'E_INVALID' }))
  expect(() => createSealer(['c2hvcnQ='])).toThrow(expect.objectContaining({ code: 'E_CONFIG_INVALID' }))
})
