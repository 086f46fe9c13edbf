import { Option } from 'commander'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../../effect.ts'
import { parsePercent } from '../../percent.ts'
import type { Verbs } from '../../verbs.ts'
import { ownAccount, projectOf } from './account-code.ts'
import { budgetTable, postingText } from './view/ledger.ts'

const periods = ['hour', 'day', 'week', 'month', 'total'] as const

interface SetOptions extends EffectOptions {
  period: (typeof periods)[number]
  timeZone: string
  carryCap: string
  floor: string
  alertAt: string
}

export function addBudget({ program, session }: Verbs): void {
  const budget = program.command('budget').description('caps per hour, day, week, month, or in total')

  budget
    .command('list')
    .description('every budget that binds an account, its own and those above it')
    .argument('[account]', "an account's code; omitted: the account of the key's project")
    .action(async (account: string | undefined) => {
      const current = session()
      const code = account ?? (await ownAccount(current))
      const { client } = await current.connect()
      const budgets = await client.listBudgets({ params: { project: projectOf(code), code } })
      current.output.data(budgets, ({ data }) => budgetTable(data, current))
    })

  budget
    .command('set')
    .description('set a cap, or remove it (owner)')
    .argument('<account>')
    .argument('<name>', 'of the budget, such as daily')
    .argument('<limit>', 'credits per period (with --micro whole micro-credits), or none to remove the budget')
    .addOption(new Option('--period <period>', 'fixed for the life of a budget').choices(periods).default('day'))
    .option('--time-zone <zone>', 'an IANA name; where a day, week and month begin', 'UTC')
    .option('--carry-cap <amount>', 'how much of an unused limit rolls over', '0')
    .option('--floor <amount>', 'what rebalancing leaves to it', '0')
    .option('--alert-at <percents>', 'when to raise an alert, in percent of the limit', '80,100')
    .addOption(idempotencyKeyOption())
    .action(async (account: string, name: string, limit: string, options: SetOptions) => {
      const current = session()
      const { client } = await current.connect()
      const params = { project: projectOf(account), code: account, budget: name }
      const terms = {
        period: options.period,
        timeZone: options.timeZone,
        carryCap: current.amount(options.carryCap),
        floor: current.amount(options.floor),
        alertBasisPoints:
          options.alertAt === '' ? [] : options.alertAt.split(',').map((text) => parsePercent(text, 1000)),
      }
      const set = await withKey(current, options, (call) =>
        limit === 'none'
          ? client.removeBudget({ params }, call)
          : client.setBudget({ params, body: { ...terms, limit: current.amount(limit) } }, call),
      )
      current.output.data(set, (answer) =>
        postingText(answer, current, [
          ['budget', `${answer.account} ${answer.budget}`],
          ['limit', answer.limit === null ? 'removed' : current.show(answer.limit)],
        ]),
      )
    })
}
