import { expect, test } from 'vitest'
import { checkNode } from './check-runtime.ts'

test('a Node that cannot run TypeScript is a fault, with what to do', () => {
  expect(checkNode('22.20.0')).toMatchObject({ status: 'fault', fix: expect.stringContaining('npm run core') })
  expect(checkNode('24.0.0')).toMatchObject({ status: 'ok' })
  expect(checkNode('100.0.0')).toMatchObject({ status: 'ok' })
})
