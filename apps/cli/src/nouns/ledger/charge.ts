import type { Command } from 'commander'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../../effect.ts'
import type { Verbs } from '../../verbs.ts'
import { projectOf } from './account-code.ts'
import { postingText } from './view/ledger.ts'

export function addCharge(credits: Command, { session }: Verbs): void {
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
