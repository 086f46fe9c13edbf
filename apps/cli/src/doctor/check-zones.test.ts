import { expect, test } from 'vitest'
import { changedZones, checkZones, timesToCompare } from './check-zones.ts'

const times = timesToCompare(new Date('2026-11-29T00:00:00Z'))
const same = () => -360
const database = (edit: [string, number[]][] = []) =>
  new Map<string, number[]>([...changedZones.map((zone): [string, number[]] => [zone, [-360, -360]]), ...edit])

test('data of the same age is fine', () => {
  expect(times.map((time) => time.toISOString())).toEqual(['2027-01-15T12:00:00.000Z', '2027-07-15T12:00:00.000Z'])
  expect(checkZones(database(), times, same)).toMatchObject({ status: 'ok' })
})

test('a zone that differs, or that the database lacks, is a warning with both offsets', () => {
  expect(checkZones(database([['America/Edmonton', [-420, -360]]]), times, same)).toMatchObject({
    status: 'warning',
    detail: expect.stringContaining('America/Edmonton (-07:00 there, -06:00 here)'),
  })
  const lacking = database()
  lacking.delete('Asia/Almaty')
  expect(checkZones(lacking, times, same)).toMatchObject({
    status: 'warning',
    detail: expect.stringContaining('Asia/Almaty (unknown there, -06:00 here)'),
  })
})

test('Node has an offset for each of them', () => {
  const own = new Map(changedZones.map((zone) => [zone, [1, 1]]))
  expect(checkZones(own, times).status === 'warning' && checkZones(own, times).detail).not.toContain('unknown')
})
