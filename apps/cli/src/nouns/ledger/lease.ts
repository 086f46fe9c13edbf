import { hostname } from 'node:os'
import { reportCreditLease } from '@core/api'
import { CoreError, withDetails } from '@core/foundation'
import type { Command } from 'commander'
import { type EffectOptions, idempotencyKeyOption, isUnknownOutcome, withKey } from '../../effect.ts'
import { wholeNumber } from '../../number-option.ts'
import { readJson } from '../../read-json.ts'
import type { Session } from '../../session.ts'
import type { Verbs } from '../../verbs.ts'
import { projectOf } from './account-code.ts'
import { addLeasesList } from './list.ts'
import { leaseText } from './view/lease.ts'

interface ReportOptions {
  seq?: string
  at?: string
  key?: string
  items?: string
}

/** Credits that a device spends while it cannot reach the database, by hand; programs use openLease of @core/ledger. */
export function addLeases(verbs: Verbs): void {
  const leases = verbs.program
    .command('leases')
    .description('credits set aside for a device to spend offline, and what it reports of them')
  addOpen(leases, verbs)
  addLeasesList(leases, verbs)
  addGet(leases, verbs)
  addReport(leases, verbs)
  addClose(leases, verbs)
}

function addOpen(leases: Command, { session }: Verbs): void {
  leases
    .command('open')
    .description('set credits aside for a device: at most a fifth of what is available, 7 days at most')
    .argument('<account>')
    .argument('<amount>', 'credits such as 2.5; with --micro whole micro-credits')
    .option('--ttl <seconds>', 'when the device stops spending', '86400')
    .option('--device <name>', 'the machine or process that spends; omitted: the name of this machine')
    .addOption(idempotencyKeyOption())
    .action(async (account: string, amount: string, options: EffectOptions & { ttl: string; device?: string }) => {
      const current = session()
      const { client } = await current.connect()
      const { ttl, device = hostname() } = options
      const body = { account, amount: current.amount(amount), ttlSeconds: wholeNumber('--ttl', ttl), device }
      const opened = await withKey(current, options, (call) =>
        client.openCreditLease({ params: { project: projectOf(account) }, body }, call),
      )
      current.output.data(opened, (answer) => leaseText(answer, current))
    })
}

function addGet(leases: Command, { session }: Verbs): void {
  leases
    .command('get')
    .description('show a lease')
    .argument('<lease>', 'the id that open printed')
    .action(async (lease: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const answer = await client.getCreditLease({ params: { project: target.project ?? 'current', id: lease } })
      current.output.data(answer, (value) => leaseText(value, current))
    })
}

function addReport(leases: Command, { session }: Verbs): void {
  leases
    .command('report')
    .description('charge what was spent of a lease; a number reported twice is charged once')
    .argument('<lease>', 'the id that open printed')
    .argument('[amount]', 'what was spent, in credits; left out with --items')
    .option('--seq <number>', "the report's number, from 1 without a gap; omitted: the next one")
    .option('--at <instant>', 'when it was spent, RFC 3339; omitted: now')
    .option('--key <key>', 'what the spend was for')
    .option('--items <file>', 'several spends as JSON, [{amount, at, key}], in micro-credits; - reads standard input')
    .action(async (lease: string, amount: string | undefined, options: ReportOptions) => {
      const current = session()
      const items = await itemsOf(current, amount, options)
      const { client, target } = await current.connect()
      const params = { project: target.project ?? 'current', id: lease }
      const seq =
        options.seq === undefined
          ? (await client.getCreditLease({ params })).seq + 1
          : wholeNumber('--seq', options.seq)
      try {
        const report = await client.reportCreditLease({ params, body: { seq, items } }, { signal: current.io.signal })
        current.output.data(report, (answer) =>
          leaseText(answer, current, [
            ['charged', current.show(answer.charged)],
            ...(answer.uncollected > 0 ? [['uncollected', current.show(answer.uncollected)] as const] : []),
          ]),
        )
      } catch (error) {
        // The number is the key of a report: the next one would charge again.
        if (!isUnknownOutcome(error)) throw error
        const at = options.items === undefined ? ` --at ${items[0]?.at}` : ''
        throw withDetails(error, { seq, repeatWith: `--seq ${seq}${at}` })
      }
    })
}

async function itemsOf(session: Session, amount: string | undefined, { items, at, key }: ReportOptions) {
  if ((amount === undefined) === (items === undefined)) {
    throw new CoreError('E_INVALID', 'a report has either an amount or --items', { fix: 'Give one of them.' })
  }
  if (items !== undefined) return await readJson(session, items, 'the spends', reportCreditLease.input.body.shape.items)
  const spend = { amount: session.amount(amount ?? ''), at: at ?? new Date().toISOString() }
  return [{ ...spend, ...(key === undefined ? {} : { key }) }]
}

function addClose(leases: Command, { session }: Verbs): void {
  leases
    .command('close')
    .description('end a lease: what was not reported goes back, further reports are refused')
    .argument('<lease>', 'the id that open printed')
    .option('--yes', 'do not ask: spends that are not reported yet are given away')
    .addOption(idempotencyKeyOption())
    .action(async (lease: string, { yes = false, ...options }: EffectOptions & { yes?: boolean }) => {
      const current = session()
      await current.confirm('Further reports of this lease will be refused.', { yes })
      const { client, target } = await current.connect()
      const closed = await withKey(current, options, (call) =>
        client.closeCreditLease({ params: { project: target.project ?? 'current', id: lease } }, call),
      )
      current.output.data(closed, (answer) => leaseText(answer, current, [['released', current.show(answer.released)]]))
    })
}
