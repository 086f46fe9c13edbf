import { expect, test } from 'vitest'
import { measureManyRows } from './many-rows.ts'

test('sweeps leave nothing of what is gone or invalidated among 20,000 entries', async () => {
  const figures = await measureManyRows(20_000)
  const answerTo = (what: string) => figures.find((figure) => figure.what === what)?.answer
  expect(answerTo('the first sweep, which counts')).toMatchObject({ swept: 20 })
  expect(answerTo('left of what is void')).toEqual({ epochs: 0, void: 0 })
  expect(answerTo('read 100 after that')).toMatchObject({ entries: Array.from({ length: 100 }, () => null) })
})
