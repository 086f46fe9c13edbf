import { expect, test } from 'vitest'
import { encodeAccount } from './encode-account.ts'

const base = '/v1/projects/shop/accounts'

test.each([
  [`${base}/shop/agent-7/balance?at=x/y`, `${base}/shop%2Fagent-7/balance?at=x/y`],
  [`${base}/shop/agent-7`, `${base}/shop%2Fagent-7`],
  [`${base}/shop/a/b/c/history`, `${base}/shop%2Fa%2Fb%2Fc/history`],
  [`${base}/shop%2Fagent-7/usage`, `${base}/shop%2Fagent-7/usage`],
  [`${base}/shop/balance`, `${base}/shop/balance`],
  [`${base}/shop/budgets`, `${base}/shop/budgets`],
  [`${base}/shop/budgets/daily`, `${base}/shop/budgets/daily`],
  [`${base}/shop/agent-7/budgets/daily`, `${base}/shop%2Fagent-7/budgets/daily`],
  [`${base}/shop%2Fagent-7/budgets/a%2Fb`, `${base}/shop%2Fagent-7/budgets/a%2Fb`],
  [`${base}/shop`, `${base}/shop`],
  [base, base],
  [`${base}?parent=shop/a`, `${base}?parent=shop/a`],
  ['/v1/projects/shop/holds/a/b', '/v1/projects/shop/holds/a/b'],
])('%s is taken for %s', (url, expected) => {
  expect(encodeAccount(url)).toBe(expected)
})
