import { expect, test } from 'vitest'
import { toConnectionString } from './connection-string.ts'

const url = 'postgres://core:secret@h:5432/d'

test('without a mode it is left as it is', () => {
  for (const left of [url, `${url}?application_name=shop`]) expect(toConnectionString(left)).toBe(left)
})

test.each(['disable', 'require', 'verify-full'])('sslmode=%s is read as libpq reads it', (mode) => {
  expect(toConnectionString(`${url}?sslmode=${mode}`)).toBe(`${url}?sslmode=${mode}&uselibpqcompat=true`)
})

test('other parameters stay, and the authorities of the system are the default', () => {
  const given = `${url}?options=-c%20geqo%3Doff&sslmode=verify-full&sslrootcert=system`
  expect(toConnectionString(given)).toBe(`${url}?options=-c+geqo%3Doff&sslmode=verify-full&uselibpqcompat=true`)
})

test.each([
  ['sslmode=prefer', 'disable, require, verify-ca, verify-full'],
  ['sslmode=allow', 'disable, require, verify-ca, verify-full'],
  ['sslmode=no-verify', 'disable, require, verify-ca, verify-full'],
  ['sslmode=', 'disable, require, verify-ca, verify-full'],
  ['sslmode=verify-ca', 'sslrootcert'],
  ['sslmode=verify-full&sslrootcert=/not/there', 'Name a file'],
])('%s is refused with what to write instead', (query, fix) => {
  expect(() => toConnectionString(`${url}?${query}`)).toThrow(
    expect.objectContaining({ code: 'E_INVALID', fix: expect.stringContaining(fix) }),
  )
  expect(() => toConnectionString(`${url}?${query}`)).not.toThrow(/secret/)
})
