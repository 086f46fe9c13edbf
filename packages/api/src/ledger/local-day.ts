/** The first instant of a day (`2026-11-20`) by the clocks of a time zone. Throws RangeError for an unknown zone. */
export function startOfDay(day: string, timeZone: string): Date {
  const midnight = Date.parse(`${day}T00:00:00Z`)
  // Searched for, because a day may begin at one o'clock: where the clocks go forward at midnight there is no 00:00.
  let before = midnight / 1000 - 15 * 3600
  let at = midnight / 1000 + 15 * 3600
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2)
    if (dayOf(new Date(middle * 1000), timeZone) < day) before = middle
    else at = middle
  }
  return new Date(at * 1000)
}

/** The day of an instant by the clocks of a time zone, as `2026-11-20`. Throws RangeError for an unknown zone. */
export function dayOf(instant: Date, timeZone: string): string {
  const format = formats.get(timeZone) ?? newFormat(timeZone)
  return format.format(instant)
}

/** The day so many days later. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}

/** Making one costs a hundred times what using it costs. */
const formats = new Map<string, Intl.DateTimeFormat>()
const mostFormats = 100

function newFormat(timeZone: string): Intl.DateTimeFormat {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
  if (formats.size >= mostFormats) formats.clear()
  formats.set(timeZone, format)
  return format
}
