import { type Command, Option } from 'commander'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../../effect.ts'
import { wholeNumber } from '../../number-option.ts'
import type { Verbs } from '../../verbs.ts'
import { projectOf } from './account-code.ts'
import { holdText } from './view/account.ts'
import { postingText } from './view/ledger.ts'

/** The life of a hold: set credits aside, work, pay what it cost. */
export function addHold(credits: Command, { session }: Verbs): void {
  credits
    .command('reserve')
    .description('set credits aside before work starts; prints the hold to settle')
    .argument('<account>')
    .argument('<amount>', 'the most the work may cost, in credits; with --micro whole micro-credits')
    .option('--min <amount>', 'smallest amount to accept (default: the full amount)')
    .option('--ttl <seconds>', 'seconds until the hold expires and its credits are released', '120')
    .addOption(
      new Option('--over <policy>', 'if settled above the hold').choices(['overflow', 'cap', 'reject']).default('cap'),
    )
    .addOption(idempotencyKeyOption())
    .action(
      async (
        account: string,
        amount: string,
        options: EffectOptions & { min?: string; ttl: string; over: 'overflow' | 'cap' | 'reject' },
      ) => {
        const current = session()
        const { client } = await current.connect()
        const reserved = await withKey(current, options, (call) =>
          client.reserveHold(
            {
              params: { project: projectOf(account) },
              body: {
                account,
                amount: current.amount(amount),
                ttlSeconds: wholeNumber('--ttl', options.ttl),
                over: options.over,
                ...(options.min === undefined ? {} : { min: current.amount(options.min) }),
              },
            },
            call,
          ),
        )
        current.output.data(reserved, (answer) =>
          postingText(answer, current, [
            ['hold', answer.hold],
            ['granted', current.show(answer.granted)],
            ['expires', answer.expiresAt],
          ]),
        )
      },
    )

  credits
    .command('extend')
    .description('renew an open hold, and add to it when the work costs more than expected')
    .argument('<hold>', 'the id that reserve printed')
    .argument('[add]', 'credits to add; omitted: only the time is renewed', '0')
    .option('--min <amount>', 'smallest amount to accept (default: the full amount)')
    .option('--ttl <seconds>', 'how long it lives from now on', '120')
    .addOption(idempotencyKeyOption())
    .action(async (hold: string, add: string, options: EffectOptions & { min?: string; ttl: string }) => {
      const current = session()
      const { client, target } = await current.connect()
      const extended = await withKey(current, options, (call) =>
        client.extendHold(
          {
            params: { project: target.project ?? 'current', id: hold },
            body: {
              add: current.amount(add),
              ttlSeconds: wholeNumber('--ttl', options.ttl),
              ...(options.min === undefined ? {} : { min: current.amount(options.min) }),
            },
          },
          call,
        ),
      )
      current.output.data(extended, (answer) =>
        postingText(answer, current, [
          ['added', current.show(answer.granted)],
          ['in all', current.show(answer.amount)],
          ['expires', answer.expiresAt],
        ]),
      )
    })

  credits
    .command('capture')
    .description('charge a part of a hold, which stays open with the rest')
    .argument('<hold>', 'the id that reserve printed')
    .argument('<amount>', 'what was used so far, in credits; with --micro whole micro-credits')
    .addOption(idempotencyKeyOption())
    .action(async (hold: string, amount: string, options: EffectOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const captured = await withKey(current, options, (call) =>
        client.captureHold(
          {
            params: { project: target.project ?? 'current', id: hold },
            body: { amount: current.amount(amount) },
          },
          call,
        ),
      )
      current.output.data(captured, (answer) =>
        postingText(answer, current, [
          ['charged', current.show(answer.charged)],
          ['in all', current.show(answer.captured)],
          ['still set aside', current.show(answer.rest)],
        ]),
      )
    })

  credits
    .command('hold')
    .description('show a hold: what was granted, charged, released and not collected')
    .argument('<hold>', 'the id that reserve printed')
    .action(async (id: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const hold = await client.getHold({ params: { project: target.project ?? 'current', id } })
      current.output.data(hold, (answer) => holdText(answer, current))
    })

  credits
    .command('settle')
    .description('charge what was used, give the rest back, close the hold')
    .argument('<hold>', 'the id that reserve printed')
    .argument('[amount]', 'what was used, in credits (0 is allowed); omitted: the whole hold, flagged estimated')
    .addOption(idempotencyKeyOption())
    .action(async (hold: string, amount: string | undefined, options: EffectOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const settled = await withKey(current, options, (call) =>
        client.settleHold(
          {
            params: { project: target.project ?? 'current', id: hold },
            body: amount === undefined ? {} : { amount: current.amount(amount) },
          },
          call,
        ),
      )
      current.output.data(settled, (answer) =>
        postingText(answer, current, [
          ['charged', current.show(answer.charged)],
          ['released', current.show(answer.released)],
          ...(answer.uncollected > 0 ? [['uncollected', current.show(answer.uncollected)] as const] : []),
          ...(answer.flags.length > 0 ? [['flags', answer.flags.join(', ')] as const] : []),
        ]),
      )
    })

  credits
    .command('void')
    .description('give a hold back whole')
    .argument('<hold>', 'the id that reserve printed')
    .option('--reason <text>', 'kept in the journal')
    .addOption(idempotencyKeyOption())
    .action(async (hold: string, { reason, ...options }: EffectOptions & { reason?: string }) => {
      const current = session()
      const { client, target } = await current.connect()
      const voided = await withKey(current, options, (call) =>
        client.voidHold(
          {
            params: { project: target.project ?? 'current', id: hold },
            body: reason === undefined ? {} : { reason },
          },
          call,
        ),
      )
      current.output.data(voided, (answer) =>
        postingText(answer, current, [['released', current.show(answer.released)]]),
      )
    })
}
