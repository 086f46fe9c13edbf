import { type Command, Option } from 'commander'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../../effect.ts'
import type { Verbs } from '../../verbs.ts'
import { postingText } from './view/ledger.ts'

const periods = ['hour', 'day', 'week', 'month', 'total'] as const

interface EnsureOptions extends EffectOptions {
  period: (typeof periods)[number]
  tz: string
}

/** End users and their caps. */
export function addCreditsUser(credits: Command, { session }: Verbs): void {
  credits
    .command('ensure-user')
    .description('make sure that an end user has an account with a cap per period')
    .argument('<user>', 'your own id of the user')
    .argument('<limit>', 'credits per period; with --micro whole micro-credits')
    .addOption(
      new Option('--period <period>', 'another one is a cap beside the first').choices(periods).default('month'),
    )
    .option('--tz <zone>', 'an IANA name; where periods begin', 'UTC')
    .addOption(idempotencyKeyOption())
    .action(async (user: string, limit: string, { period, tz, ...options }: EnsureOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const body = { user, limit: current.amount(limit), period, timeZone: tz }
      const ensured = await withKey(current, options, (call) =>
        client.ensureUser({ params: { project: target.project ?? 'current' }, body }, call),
      )
      current.output.data(ensured, ({ tx, ...answer }) =>
        [
          `${answer.account}: at most ${current.show(answer.limit)} per ${answer.period}`,
          ...(tx === null ? ['all of it was there already'] : [postingText({ ...answer, tx }, current, [])]),
        ].join('\n'),
      )
    })
}
