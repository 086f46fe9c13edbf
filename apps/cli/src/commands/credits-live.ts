import type { Command } from 'commander'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../effect.ts'
import type { Verbs } from '../program.ts'
import { postingText } from '../view/ledger.ts'
import { wholeNumber } from '../whole-number.ts'

/** What can be done with a hold while the work goes on. */
export function addCreditsLive(credits: Command, { session }: Verbs): void {
  credits
    .command('extend')
    .description('renew an open hold, and add to it where the work costs more than thought')
    .argument('<hold>', 'the id that reserve printed')
    .argument('[add]', 'credits to add; left out: only the time is renewed', '0')
    .option('--min <amount>', 'be content with less, but not with less than this')
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
}
