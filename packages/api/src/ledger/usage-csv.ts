/** What of an answer of usage a table has. */
export interface UsageRows {
  readonly by: readonly string[]
  readonly usage: readonly UsageRow[]
}

interface UsageRow {
  readonly start: string
  readonly group: readonly (string | null)[]
  readonly charged: number
  readonly refunded: number
  readonly uncollected: number
  readonly charges: number
}

/** The first line of the table: a column for each thing it is grouped by. Amounts are micro-credits. */
export function usageCsvHeader(by: readonly string[]): string {
  return toLine(['start', ...by, 'charged', 'refunded', 'uncollected', 'charges'])
}

/** Usage as CSV (RFC 4180) without its first line. A group without a value is an empty field. */
export function usageCsvLines(usage: UsageRows['usage']): string {
  return usage
    .map(({ start, group, charged, refunded, uncollected, charges }) =>
      toLine([start, ...group.map((value) => value ?? ''), charged, refunded, uncollected, charges]),
    )
    .join('')
}

export function usageCsv({ by, usage }: UsageRows): string {
  return usageCsvHeader(by) + usageCsvLines(usage)
}

function toLine(fields: readonly (string | number)[]): string {
  return `${fields.map((field) => (typeof field === 'number' ? String(field) : quote(disarm(field)))).join(',')}\r\n`
}

/** Spreadsheets take a text that begins so for a formula, which can send the sheet elsewhere: an apostrophe makes it a text. */
function disarm(text: string): string {
  return /^\s*[=+\-@＝＋－＠|%]|^[\t\r\n]/.test(text) ? `'${text}` : text
}

function quote(text: string): string {
  return /[",\r\n']|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
