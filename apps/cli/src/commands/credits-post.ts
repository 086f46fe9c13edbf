import { type Command, Option } from 'commander'
import { projectOf } from '../account-code.ts'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../effect.ts'
import type { Verbs } from '../program.ts'
import { postingText } from '../view/ledger.ts'
import { wholeNumber } from '../whole-number.ts'

export function addCreditsPost(credits: Command, { session }: Verbs): void {
  credits
    .command('grant')
    .description('issue new credits to an account (owner)')
    .argument('<account>')
    .argument('<amount>', 'credits such as 2.5; with --micro whole micro-credits')
    .option('--reason <text>', 'kept in the journal')
    .addOption(idempotencyKeyOption())
    .action(async (account: string, amount: string, { reason, ...options }: EffectOptions & { reason?: string }) => {
      const current = session()
      const { client } = await current.connect()
      const granted = await withKey(current, options, (call) =>
        client.grantCredits(
          {
            params: { project: projectOf(account) },
            body: { account, amount: current.amount(amount), ...(reason === undefined ? {} : { reason }) },
          },
          call,
        ),
      )
      current.output.data(granted, (answer) => postingText(answer, current, [['granted', current.show(answer.amount)]]))
    })

  credits
    .command('reserve')
    .description('set credits aside before work starts; prints the hold to settle')
    .argument('<account>')
    .argument('<amount>', 'the most the work may cost, in credits; with --micro whole micro-credits')
    .option('--min <amount>', 'be content with less, but not with less than this')
    .option('--ttl <seconds>', 'when the hold gives its credits back by itself', '120')
    .addOption(
      new Option('--over <policy>', 'if settled above the hold')
        .choices(['overflow', 'cap', 'reject'])
        .default('overflow'),
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
    .command('settle')
    .description('charge what was used, give the rest back, close the hold')
    .argument('<hold>', 'the id that reserve printed')
    .argument('[amount]', 'what was used, in credits (0 is allowed); left out: the whole hold, flagged estimated')
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

  credits
    .command('charge')
    .description('spend at once what is known beforehand')
    .argument('<account>')
    .argument('<amount>', 'credits such as 2.5; with --micro whole micro-credits')
    .addOption(idempotencyKeyOption())
    .action(async (account: string, amount: string, options: EffectOptions) => {
      const current = session()
      const { client } = await current.connect()
      const charged = await withKey(current, options, (call) =>
        client.chargeCredits(
          { params: { project: projectOf(account) }, body: { account, amount: current.amount(amount) } },
          call,
        ),
      )
      current.output.data(charged, (answer) =>
        postingText(answer, current, [['charged', current.show(answer.charged)]]),
      )
    })
}
