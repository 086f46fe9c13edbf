import type { ZoneOffsets } from '@core/database/migrate'
import { type Finding, ok, warning } from './finding.ts'

/** Whose rules changed since 2022: data that is older than that is wrong about one of them. */
export const changedZones = [
  'Africa/Cairo',
  'America/Asuncion',
  'America/Chihuahua',
  'America/Edmonton',
  'America/Mexico_City',
  'America/Scoresbysund',
  'Asia/Almaty',
  'Asia/Amman',
  'Asia/Beirut',
  'Asia/Tehran',
] as const

/** A winter and a summer that no clock has reached. */
export function timesToCompare(now: Date): Date[] {
  const year = now.getUTCFullYear() + 1
  return [new Date(Date.UTC(year, 0, 15, 12)), new Date(Date.UTC(year, 6, 15, 12))]
}

/** Budgets begin their days and months by the database's time zone data, what is shown of them is by Node's. */
export function checkZones(database: ZoneOffsets, times: readonly Date[], own = offsetMinutes): Finding {
  const different = changedZones.flatMap((zone) => {
    const [there, here] = [database.get(zone), times.map((time) => own(zone, time))]
    const index = here.findIndex((minutes, at) => minutes !== there?.[at])
    return index < 0 ? [] : [`${zone} (${show(there?.[index])} there, ${show(here[index])} here)`]
  })
  if (different.length === 0) return ok('time zones', 'the data of the database is as new as that of this Node')
  return warning(
    'time zones',
    `the database and this Node have time zone data of different age: ${different.join(', ')}`,
    'Days, weeks and months of budgets in such zones begin as the database says. Update its minor version or its tzdata, or Node.',
  )
}

function show(minutes: number | undefined): string {
  if (minutes === undefined) return 'unknown'
  const size = Math.abs(minutes)
  const clock = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, '0')).join(':')
  return `${minutes < 0 ? '-' : '+'}${clock}`
}

function offsetMinutes(timeZone: string, time: Date): number | undefined {
  try {
    const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).formatToParts(time)
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
    const [, sign, hours, minutes] = /^GMT(?:([+-])(\d\d):(\d\d))?$/.exec(name) ?? []
    return sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
  } catch {
    return undefined // a Node that does not know it
  }
}
