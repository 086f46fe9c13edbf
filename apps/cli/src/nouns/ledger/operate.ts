import type { Command } from 'commander'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../../effect.ts'
import { exitCodes } from '../../exit-code.ts'
import { wholeNumber } from '../../number-option.ts'
import type { Verbs } from '../../verbs.ts'
import { projectOf } from './account-code.ts'
import { rebalanceTable, sealText, verificationText } from './view/seal.ts'

/** What the owner does for the ledger as a whole; the control plane does most of it automatically. */
export function addCreditsOperate(credits: Command, { session, exit }: Verbs): void {
  credits
    .command('seal')
    .description('seal the journal up to now (owner); the control plane does so every minute')
    .action(async () => {
      const current = session()
      const { client } = await current.connect()
      const seal = () => withKey(current, {}, (call) => client.sealLedger({}, call))
      let last = await seal()
      let sealed = last.sealed
      // One call seals a part of a long journal.
      for (let next = last; next.sealed > 0; ) {
        last = next
        next = await seal()
        sealed += next.sealed
      }
      current.output.data({ ...last, sealed }, sealText)
    })

  credits
    .command('verify')
    .description('check the chain of seals against the journal (owner); exits 1 at a block that does not fit')
    .option('--from <block>', 'begin with this block', '0')
    .action(async ({ from }: { from: string }) => {
      const current = session()
      const { client } = await current.connect()
      const verification = await client.verifyLedger({ query: { from: wholeNumber('--from', from) } })
      current.output.data(verification, verificationText)
      if (!verification.valid) exit(exitCodes.failure)
    })

  credits
    .command('rebalance')
    .description('rebalance the unused cap of a budget between the children of an account (owner)')
    .argument('<parent>', 'such as pool')
    .argument('<budget>', "the name the children's budgets share, such as daily")
    .option('--dry-run', 'only show what would move')
    .addOption(idempotencyKeyOption())
    .action(
      async (parent: string, budget: string, { dryRun = false, ...options }: EffectOptions & { dryRun?: boolean }) => {
        const current = session()
        const { client } = await current.connect()
        const answer = await withKey(current, options, (call) =>
          client.rebalanceBudgets({ params: { project: projectOf(parent) }, body: { parent, budget, dryRun } }, call),
        )
        current.output.data(answer, ({ moves }) => rebalanceTable(moves, current))
      },
    )
}
