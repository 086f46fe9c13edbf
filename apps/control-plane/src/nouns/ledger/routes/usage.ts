import { getUsage, startOfDay, usageCsv } from '@core/api'
import { ledgerUsage } from '@core/api/functions'
import { type CoreError, isCoreError } from '@core/foundation'
import { type RouteAnswer, serve, type TextAnswer } from '../../../http/bound-route.ts'
import { toCamelCase } from '../../../http/camel-case.ts'
import { toDenial } from '../../../http/denial.ts'
import { ProblemError } from '../../../http/problem-error.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

const defaultRangeMs = 30 * 86_400_000

export const usageRoutes = [
  serve(getUsage, async ({ project, params: { code }, query, accept, call }): Promise<RouteAnswer> => {
    if (!isAccountOf(project, code)) return accountNotFound(code)
    const { timeZone, by, format = wantsCsv(accept) ? 'csv' : 'json' } = query
    const to = toInstant('to', query.to, timeZone) ?? new Date().toISOString()
    const from = toInstant('from', query.from, timeZone) ?? new Date(Date.parse(to) - defaultRangeMs).toISOString()
    try {
      const answer = await call(ledgerUsage, {
        account: code,
        from,
        to,
        bucket: query.bucket,
        timeZone,
        children: query.children === 'true',
        by: by?.split(',') ?? [],
        after: query.cursor,
        limit: query.limit,
      })
      if (!answer.ok) return toDenial(answer)
      const { tz, next, ...usage } = answer
      const body = Object(toCamelCase({ ...usage, timeZone: tz, page: { next } }))
      if (format === 'json') return { status: 200, body }
      const kept = Object.entries({ ...query, from, to, format }).map(([name, value]) => [name, String(value)])
      return toCsv(body, new URLSearchParams(Object.fromEntries(kept)))
    } catch (error) {
      throw isCoreError(error) ? (atQuery(error) ?? error) : error
    }
  }),
]

function wantsCsv(accept: string): boolean {
  return /\btext\/csv\b/i.test(accept) && !/\bapplication\/json\b/i.test(accept)
}

/** A table has no place for the next page: its cursor is in the Link header. */
function toCsv(body: unknown, query: URLSearchParams): TextAnswer {
  const { page, ...rows } = getUsage.outputs[200].parse(body)
  const headers: Record<string, string> = { 'content-disposition': 'attachment; filename="usage.csv"' }
  if (page.next !== null) {
    query.set('cursor', page.next)
    headers['link'] = `<?${query}>; rel="next"`
  }
  return { text: usageCsv(rows), type: 'text/csv; charset=utf-8; header=present', headers }
}

/** A day means its first instant by the clocks of the time zone. */
function toInstant(name: 'from' | 'to', value: string | undefined, timeZone: string): string | undefined {
  if (value === undefined || value.length > 10) return value
  try {
    return startOfDay(value, timeZone).toISOString()
  } catch {
    const message = `${name} is a day, and timeZone is no time zone`
    const fix = 'Use an IANA name such as UTC or Europe/Berlin.'
    throw new ProblemError('invalid', message, { errors: [{ location: 'query.timeZone', message, fix }] })
  }
}

const queryNames: Readonly<Record<string, string>> = { tz: 'timeZone', after: 'cursor' }

/** The database names an argument at fault; here each of them comes from the query. */
function atQuery({ code, message, fix, details }: CoreError): ProblemError | undefined {
  const { field } = details
  if (code !== 'E_INVALID' || typeof field !== 'string') return undefined
  const fault = { location: `query.${queryNames[field] ?? field}`, message }
  return new ProblemError('invalid', message, { errors: [fix === undefined ? fault : { ...fault, fix }] })
}
