import { expect, test } from 'vitest'
import { primaryError } from './primary-error.ts'

test('of work that failed, and whose closing failed twice, the failure of the work', async () => {
  const work = new Error('the port is taken')
  const failing = () => ({ [Symbol.asyncDispose]: () => Promise.reject(new Error('closing took too long')) })
  const run = async () => {
    await using _one = failing()
    await using _other = failing()
    throw work
  }
  const thrown = await run().catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(SuppressedError)
  expect(primaryError(thrown)).toBe(work)
  expect(primaryError(work)).toBe(work)
})
