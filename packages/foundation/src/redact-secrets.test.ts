import { expect, test } from 'vitest'
import { CoreError } from './errors.ts'
import { redactSecrets } from './redact-secrets.ts'

test.each([
  ['connect postgres://core:hunter2@db.example/main', 'connect postgres://[redacted]@db.example/main'],
  ['"postgres://core:12/hunter2@db/main" is no URL', '"postgres://[redacted]@db/main" is no URL'],
  ['https://h.example/db?password=hunter2&x=1', 'https://h.example/db?password=[redacted]&x=1'],
  ['sent Authorization: Bearer hunter2hunter2', 'sent Authorization: Bearer [redacted]'],
  ['key ck_live_hunter2 and sb_secret_hunter2', 'key [redacted] and [redacted]'],
  ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.hunter2', 'token [redacted]'],
])('%s', (text, safe) => {
  expect(redactSecrets(text)).toBe(safe)
  expect(new CoreError('E_INVALID', text).message).toBe(safe)
})

test.each([
  'the control plane at http://127.0.0.1:4400 did not answer',
  'see https://example.com/basic?page=2',
  'a key does not belong on the command line',
])('leaves "%s" as it is', (text) => {
  expect(redactSecrets(text)).toBe(text)
})

test('a known secret is hidden wherever it is, whatever its form', () => {
  expect(redactSecrets('user "correct horse" failed: correct horse', ['correct horse', ''])).toBe(
    'user "[redacted]" failed: [redacted]',
  )
})

test.each(['a.', 'a://', '://', '?key=', 'bearer ', 'basic', 'eyJ-', 'eyJaaaaaaaa.', 'ck_', '@:/'])(
  'a megabyte of %s does not stop the process',
  (piece) => {
    const text = `://eyJ ${piece.repeat(2 ** 20 / piece.length)}`
    expect(redactSecrets(text).length).toBeGreaterThan(4)
  },
)
