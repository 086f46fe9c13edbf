import { format, inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createSecret } from './secret.ts'

describe('a secret', () => {
  const secret = createSecret('hunter2-hunter2')

  test.each([
    ['a template string', () => `${secret}`],
    ['concatenation', () => `key: ${String(secret)}`],
    ['JSON', () => JSON.stringify({ secret })],
    ['inspect', () => inspect({ secret }, { depth: 9, showHidden: true })],
    ['inspect of the secret itself', () => inspect(secret)],
    ['format', () => format('%s %o %O %j', secret, secret, secret, secret)],
    ['its own properties', () => inspect({ ...secret })],
  ])('does not show in %s', (_, print) => {
    expect(print()).not.toContain('hunter2')
  })

  test('is read by reveal', () => {
    expect(secret.reveal()).toBe('hunter2-hunter2')
  })
})
