import { expect, test } from 'vitest'
import { addDays, dayOf, startOfDay } from './local-day.ts'

test.each([
  ['2026-11-20', 'UTC', '2026-11-20T00:00:00.000Z'],
  ['2026-11-20', 'Europe/Berlin', '2026-11-19T23:00:00.000Z'],
  ['2026-07-20', 'Europe/Berlin', '2026-07-19T22:00:00.000Z'],
  ['2026-11-20', 'Pacific/Kiritimati', '2026-11-19T10:00:00.000Z'],
  ['2026-11-20', 'Pacific/Pago_Pago', '2026-11-20T11:00:00.000Z'],
  ['2026-11-20', 'Asia/Kathmandu', '2026-11-19T18:15:00.000Z'],
  // The clocks of Beirut go from 00:00 to 01:00 on the last Sunday of March.
  ['2026-03-29', 'Asia/Beirut', '2026-03-28T22:00:00.000Z'],
])('%s in %s begins at %s', (day, zone, instant) => {
  expect(startOfDay(day, zone).toISOString()).toBe(instant)
  expect(dayOf(new Date(instant), zone)).toBe(day)
  expect(dayOf(new Date(Date.parse(instant) - 1), zone)).toBe(addDays(day, -1))
})

test('an unknown zone is refused', () => {
  expect(() => startOfDay('2026-11-20', 'Europe/Atlantis')).toThrow(RangeError)
})

test('days are added across the ends of months', () => {
  expect(addDays('2026-03-01', -1)).toBe('2026-02-28')
  expect(addDays('2026-12-31', 1)).toBe('2027-01-01')
})
