import { expect, test } from 'vitest'
import { createAddressGuard, isPublicAddress } from './address-guard.ts'

const guard = createAddressGuard(['127.0.0.1:3000', 'billing.internal:8443'], 'CORE_WEBHOOK_PRIVATE_HOSTS')

test.each([
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://017700000001/',
  'https://[::1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::ffff:10.0.0.1]/',
  'https://[64:ff9b::a00:1]/',
  'https://[fd00::1]/',
  'https://[fe80::1]/',
  'https://[2002:7f00:1::]/',
  'https://0.0.0.0/',
  'https://10.1.2.3/',
  'https://169.254.169.254/latest/meta-data/',
  'https://100.100.100.200/',
  'https://192.168.1.1/',
  'https://localhost/',
  'https://core.localhost/',
  'https://printer.local/',
  'https://metadata.google.internal/',
  'https://metadata.google.internal./',
  'https://intranet/',
  'https://receiver.example:8443/',
  'http://receiver.example/',
  'http://127.0.0.1:3001/',
  'ftp://receiver.example/',
  'https://user:word@receiver.example/',
  'https://user@billing.internal:8443/',
])('%s is refused', (url) => {
  expect(() => guard.check(new URL(url))).toThrow(expect.objectContaining({ code: 'E_INVALID' }))
})

test.each([
  'https://receiver.example/hooks?tenant=1',
  'https://receiver.example:443/',
  'https://8.8.8.8/',
  'https://[2606:4700::1111]/',
  'http://127.0.0.1:3000/hooks',
  'https://billing.internal:8443/',
])('%s passes', (url) => {
  expect(() => guard.check(new URL(url))).not.toThrow()
})

test('a name that resolves to a private address makes no connection', async () => {
  const url = new URL('https://localhost.example/')
  const resolve = guard.lookupFor(url)
  const outcome = await new Promise((done) => resolve?.('localhost', { all: true }, (error) => done(error)))
  expect(outcome).toMatchObject({ code: 'E_INVALID', message: 'localhost is not a public address' })
  expect(guard.lookupFor(new URL('http://127.0.0.1:3000/'))).toBeUndefined()
})

test.each([
  ['198.19.255.255', false],
  ['198.20.0.1', true],
  ['172.32.0.1', true],
  ['172.31.255.255', false],
  ['2001:4860:4860::8888', true],
  ['2001:db8::1', false],
  ['ff02::1', false],
  ['::ffff:8.8.8.8', false],
])('%s is public: %s', (address, expected) => {
  expect(isPublicAddress(address)).toBe(expected)
})
