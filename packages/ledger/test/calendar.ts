/** When a budget's period starts and ends, in milliseconds since the epoch; null where it never does. */
export interface Period {
  start: number | null
  end: number | null
}

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

const formatters = new Map<string, Intl.DateTimeFormat>()

/**
 * An oracle for core.ledger_period that shares nothing with it: it asks Intl for wall-clock dates and searches for the
 * instant at which the date changes. A day begins with the first instant of its date, whatever the clocks do at midnight.
 */
export function periodOf(period: string, zone: string, at: number): Period {
  if (period === 'total') return { start: null, end: null }
  const known = latest.get(`${period} ${zone}`)
  if (known && at >= Number(known.start) && at < Number(known.end)) return known
  const found = findPeriod(period, zone, at)
  latest.set(`${period} ${zone}`, found)
  return found
}

/** The period last found, of each kind and zone: one search costs as much as ten calls of the ledger. */
const latest = new Map<string, Period>()

function findPeriod(period: string, zone: string, at: number): Period {
  if (period === 'hour') {
    // Hours are absolute; they are aligned to the zone's wall clock of January 2000.
    const shift = offsetOf(zone, Date.UTC(2000, 0, 1)) % HOUR_MS
    const start = Math.floor((at + shift) / HOUR_MS) * HOUR_MS - shift
    return { start, end: start + HOUR_MS }
  }
  const [year = 0, month = 0, day = 0] = localDate(zone, at).split('-').map(Number)
  const weekday = (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7
  const [first, next] =
    period === 'month'
      ? [Date.UTC(year, month - 1, 1), Date.UTC(year, month, 1)]
      : period === 'week'
        ? [Date.UTC(year, month - 1, day - weekday), Date.UTC(year, month - 1, day - weekday + 7)]
        : [Date.UTC(year, month - 1, day), Date.UTC(year, month - 1, day + 1)]
  return { start: firstInstantOf(zone, first), end: firstInstantOf(zone, next) }
}

/** The first instant whose wall-clock date in the zone is that of `date` (as UTC) or later. */
function firstInstantOf(zone: string, date: number): number {
  const target = new Date(date).toISOString().slice(0, 10)
  let before = date - 2 * DAY_MS
  let from = date + 2 * DAY_MS
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2)
    if (localDate(zone, middle) >= target) from = middle
    else before = middle
  }
  return from
}

function localDate(zone: string, at: number): string {
  const { year, month, day } = localParts(zone, at)
  return `${year}-${month}-${day}`
}

function offsetOf(zone: string, at: number): number {
  const { year, month, day, hour, minute, second } = localParts(zone, at)
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) - at
}

function localParts(zone: string, at: number): Record<string, string> {
  let formatter = formatters.get(zone)
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    formatters.set(zone, formatter)
  }
  return Object.fromEntries(formatter.formatToParts(at).map(({ type, value }) => [type, value]))
}
