import { addDays, dayOf, startOfDay, usageCsvHeader, usageCsvLines } from '@core/api'
import type { Client } from '@core/api/client'
import { CoreError } from '@core/foundation'
import { type Command, Option } from 'commander'
import { type PageOptions, printNextCursor } from '../../page.ts'
import type { Verbs } from '../../verbs.ts'
import { ownAccount, projectOf } from './account-code.ts'
import { usageTable } from './view/usage.ts'

const buckets = ['hour', 'day', 'week', 'month', 'total'] as const

interface UsageOptions extends PageOptions {
  from?: string
  to?: string
  today?: true
  yesterday?: true
  tz: string
  per?: (typeof buckets)[number]
  by?: string
  children: boolean
  csv?: true
}

type Request = Parameters<Client['getUsage']>[0]

/** Where the credits went. */
export function addCreditsUsage(credits: Command, { session }: Verbs): void {
  credits
    .command('usage')
    .description('what an account was charged, per bucket of time and per account, user, model or tag')
    .argument('[account]', "an account's code; omitted: the account of the key's project")
    .option('--by <names>', 'group by account, user, or keys of the metadata: model,user')
    .option('--today', 'from midnight on')
    .option('--yesterday', 'the day before')
    .option('--from <instant>', 'from this RFC 3339 instant or day (2026-11-20) on; omitted: 30 days before --to')
    .option('--to <instant>', 'before this RFC 3339 instant or day; omitted: now')
    .option('--tz <zone>', 'an IANA name; where days begin', 'UTC')
    .addOption(new Option('--per <bucket>', 'omitted: day; total with --by').choices(buckets))
    .option('--no-children', 'without the accounts below it')
    .option('--csv', 'all pages as CSV, amounts in micro-credits')
    .option('--limit <rows>', 'groups per page, 1 to 1000', '1000')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (account: string | undefined, options: UsageOptions) => {
      const current = session()
      const { tz, by, per = by === undefined ? 'day' : 'total', children, csv, limit, cursor } = options
      const code = account ?? (await ownAccount(current))
      const { client } = await current.connect()
      const range = toRange(options, new Date())
      const request: Request = {
        params: { project: projectOf(code), code },
        query: {
          ...range,
          timeZone: tz,
          bucket: per,
          children: children ? 'true' : 'false',
          limit,
          ...given({ by, cursor }),
        },
      }
      if (csv) {
        // The output ends each text with a newline.
        for await (const lines of csvPages(client, request)) current.output.text(lines.slice(0, -1))
        return
      }
      const usage = await client.getUsage(request)
      current.output.data(usage, (value) => usageTable(value, current))
      printNextCursor(current, usage.page.next)
    })
}

/** The table page by page; the range of the first one is that of all. */
async function* csvPages(client: Client, request: Request): AsyncGenerator<string> {
  const first = await client.getUsage(request)
  yield usageCsvHeader(first.by) + usageCsvLines(first.usage)
  const { from, to } = first
  for (let { next } = first.page; next !== null; ) {
    const page = await client.getUsage({ ...request, query: { ...request.query, from, to, cursor: next } })
    yield usageCsvLines(page.usage)
    next = page.page.next
  }
}

function toRange({ today, yesterday, from, to, tz }: UsageOptions, now: Date): { from?: string; to?: string } {
  if (!today && !yesterday) return given({ from, to })
  if ((today && yesterday) || from !== undefined || to !== undefined) {
    throw new CoreError('E_INVALID', '--today and --yesterday are ranges of their own', {
      fix: 'Give one of them, or --from and --to.',
    })
  }
  const day = toDay(now, tz)
  if (today) return { from: startOfDay(day, tz).toISOString() }
  return { from: startOfDay(addDays(day, -1), tz).toISOString(), to: startOfDay(day, tz).toISOString() }
}

function toDay(now: Date, timeZone: string): string {
  try {
    return dayOf(now, timeZone)
  } catch (cause) {
    throw new CoreError('E_INVALID', `${JSON.stringify(timeZone)} is not a time zone`, {
      cause,
      fix: 'Use an IANA name such as UTC or Europe/Berlin.',
    })
  }
}

function given<Value extends object>(options: Value): { [Name in keyof Value]?: Exclude<Value[Name], undefined> } {
  const entries: object = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return entries
}
