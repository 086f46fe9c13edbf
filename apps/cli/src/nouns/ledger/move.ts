import type { Command } from 'commander'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../../effect.ts'
import { wholeNumber } from '../../number-option.ts'
import type { Verbs } from '../../verbs.ts'
import { projectOf } from './account-code.ts'
import { postingText } from './view/ledger.ts'

/** Credits that move without being spent. */
export function addCreditsMove(credits: Command, { session }: Verbs): void {
  credits
    .command('transfer')
    .description('move credits between two accounts; between projects only the owner does')
    .argument('<from>')
    .argument('<to>')
    .argument('<amount>', 'credits such as 2.5; with --micro whole micro-credits')
    .option('--up-to', 'as much of it as is available, instead of all or nothing')
    .addOption(idempotencyKeyOption())
    .action(
      async (from: string, to: string, amount: string, { upTo, ...options }: EffectOptions & { upTo?: boolean }) => {
        const current = session()
        const { client } = await current.connect()
        const moved = await withKey(current, options, (call) =>
          client.transferCredits(
            {
              params: { project: projectOf(from) },
              body: { from, to, amount: current.amount(amount), mode: upTo ? 'up_to' : 'exact' },
            },
            call,
          ),
        )
        current.output.data(moved, (answer) =>
          postingText(answer, current, [
            ['moved', current.show(answer.moved)],
            [`${answer.to} available`, current.show(answer.toBalance.available)],
          ]),
        )
      },
    )

  credits
    .command('refund')
    .description('give back a charge, whole or in part')
    .argument('<tx>', 'the transaction that charged, as history shows it')
    .argument('[amount]', 'in credits; omitted: what is left of the charge')
    .addOption(idempotencyKeyOption())
    .action(async (tx: string, amount: string | undefined, options: EffectOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const body = {
        tx: wholeNumber('<tx>', tx),
        ...(amount === undefined ? {} : { amount: current.amount(amount) }),
      }
      const refunded = await withKey(current, options, (call) =>
        client.refundCharge({ params: { project: target.project ?? 'current' }, body }, call),
      )
      current.output.data(refunded, (answer) =>
        postingText(answer, current, [
          ['refunded', current.show(answer.refunded)],
          ['left to refund', current.show(answer.left)],
        ]),
      )
    })

  credits
    .command('refund-hold')
    .description('give back what a hold was charged, its last charge first')
    .argument('<hold>', 'the id that reserve returned')
    .argument('[amount]', 'in credits; omitted: what is left of its charges')
    .addOption(idempotencyKeyOption())
    .action(async (hold: string, amount: string | undefined, options: EffectOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const body = amount === undefined ? {} : { amount: current.amount(amount) }
      const refunded = await withKey(current, options, (call) =>
        client.refundHold({ params: { project: target.project ?? 'current', id: hold }, body }, call),
      )
      current.output.data(refunded, (answer) =>
        postingText(answer, current, [
          ['refunded', current.show(answer.refunded)],
          ['left to refund', current.show(answer.left)],
        ]),
      )
    })
}
