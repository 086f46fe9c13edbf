import { expect, test } from 'vitest'
import { isAddressList, isOriginList, splitList } from './list-setting.ts'

test('a list has its entries between commas, without the blanks', () => {
  expect(splitList(' a, b,,c ')).toEqual(['a', 'b', 'c'])
  expect(splitList('')).toEqual([])
})

test.each(['', '10.0.0.1', '10.0.0.0/8, fd00::/8', '::1/128', '0.0.0.0/0'])('%j is a list of addresses', (text) => {
  expect(isAddressList(text)).toBe(true)
})

test.each([
  'proxy.example',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '10.0.0',
  '::/129',
  'true',
  '10.0.0.1 10.0.0.2',
])('%j is no list of addresses', (text) => {
  expect(isAddressList(text)).toBe(false)
})

test.each(['', 'https://a.example', 'http://localhost:5173, https://b.example:8443'])(
  '%j is a list of origins',
  (text) => {
    expect(isOriginList(text)).toBe(true)
  },
)

test.each([
  '*',
  'null',
  'a.example',
  'https://a.example/',
  'https://*.example/x',
  'https://a.example:443',
  'HTTPS://a.example',
])('%j is no list of origins', (text) => {
  expect(isOriginList(text)).toBe(false)
})
