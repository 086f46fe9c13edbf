import { expect, test } from 'vitest'
import { checkClock } from './check-clock.ts'

test.each([
  ['in between', 1_000, 1_500, 2_000],
  ['within two seconds before', 10_000, 8_000, 10_001],
  ['during a slow answer', 0, 30_000, 60_000],
])('a clock read %s agrees', (_, asked, server, answered) => {
  expect(checkClock(asked, server, answered)).toMatchObject({ status: 'ok' })
})

test('a clock that is behind or ahead is a warning with the distance', () => {
  expect(checkClock(100_000, 90_000, 100_010)).toMatchObject({
    status: 'warning',
    detail: expect.stringContaining('10.0 s behind'),
  })
  expect(checkClock(100_000, 165_010, 100_010)).toMatchObject({
    status: 'warning',
    detail: expect.stringContaining('65.0 s ahead'),
  })
})
