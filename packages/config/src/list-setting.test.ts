import { expect, test } from 'vitest'
import { isAddressRange, isAuthority, isOrigin, splitList } from './list-setting.ts'

test('a list has its entries between commas, without the blanks', () => {
  expect(splitList(' a, b,,c ')).toEqual(['a', 'b', 'c'])
  expect(splitList('')).toEqual([])
})

test.each(['10.0.0.1', '10.0.0.0/8', 'fd00::/8', '::1/128', '0.0.0.0/0'])('%j is an address or a range', (text) => {
  expect(isAddressRange(text)).toBe(true)
})

test.each([
  '',
  'proxy.example',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '10.0.0',
  '::/129',
  'true',
  '10.0.0.1 10.0.0.2',
])('%j is no address and no range', (text) => {
  expect(isAddressRange(text)).toBe(false)
})

test.each(['https://a.example', 'http://localhost:5173', 'https://b.example:8443'])('%j is an origin', (text) => {
  expect(isOrigin(text)).toBe(true)
})

test.each([
  '',
  '*',
  'null',
  'a.example',
  'https://a.example/',
  'https://*.example/x',
  'https://a.example:443',
  'HTTPS://a.example',
])('%j is no origin', (text) => {
  expect(isOrigin(text)).toBe(false)
})

test.each(['billing.internal:8443', '127.0.0.1:3000', '[::1]:80'])('%j is a host with a port', (text) => {
  expect(isAuthority(text)).toBe(true)
})

test.each(['', 'billing.internal', 'a.example:', 'a.example:80/x', 'user@a.example:80', 'A.example:80'])(
  '%j is no host with a port',
  (text) => {
    expect(isAuthority(text)).toBe(false)
  },
)
