import { type Command, Option } from 'commander'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../../effect.ts'
import { parsePercent } from '../../percent.ts'
import type { Session } from '../../session.ts'
import type { Verbs } from '../../verbs.ts'
import { projectOf } from './account-code.ts'
import { accountText } from './view/account.ts'

const kinds = ['user', 'project', 'pool'] as const
const statuses = ['active', 'frozen', 'closed'] as const

interface TermOptions extends EffectOptions {
  overdraft?: string
  debtLimit?: string
  over?: string
}
interface OpenOptions extends TermOptions {
  kind: (typeof kinds)[number]
  parent?: string
  funding: 'own' | 'parent'
}

/** Accounts: open one, change one. */
export function addCreditsAccount(credits: Command, { session }: Verbs): void {
  withTerms(
    credits
      .command('open')
      .description('open an account; a key opens user accounts below its own, the owner any')
      .argument('<account>', 'its code, such as smart_layer/agent-7')
      .addOption(new Option('--kind <kind>', 'what it is for').choices(kinds).default('user'))
      .option('--parent <account>', 'the account above it (default: the one its code names)')
      .addOption(
        new Option('--funding <funding>', 'credits of its own, or those of its parent')
          .choices(['own', 'parent'])
          .default('own'),
      ),
  ).action(async (account: string, { kind, parent, funding, ...options }: OpenOptions) => {
    const current = session()
    const { client } = await current.connect()
    const body = { account, kind, funding, ...(parent === undefined ? {} : { parent }), ...termsOf(current, options) }
    const opened = await withKey(current, options, (call) =>
      client.openAccount({ params: { project: projectOf(account) }, body }, call),
    )
    current.output.data(opened, (answer) => accountText(answer, current))
  })

  withTerms(
    credits
      .command('update')
      .description('freeze, close or reactivate an account, or change its terms; omitted terms stay')
      .argument('<account>')
      .addOption(new Option('--status <status>', 'frozen and closed accounts refuse to spend').choices(statuses)),
  ).action(async (account: string, { status, ...options }: TermOptions & { status?: (typeof statuses)[number] }) => {
    const current = session()
    const { client } = await current.connect()
    const body = { ...(status === undefined ? {} : { status }), ...termsOf(current, options) }
    const updated = await withKey(current, options, (call) =>
      client.updateAccount({ params: { project: projectOf(account), code: account }, body }, call),
    )
    current.output.data(updated, (answer) => accountText(answer, current))
  })
}

function withTerms(command: Command): Command {
  return command
    .option('--overdraft <amount>', 'a credit line, part of what is available (owner)')
    .option('--debt-limit <amount>', 'how far a settle with --over overflow may take available below zero (owner)')
    .option('--over <percent>', 'how much may be charged above a hold, in percent of what was granted to it (owner)')
    .addOption(idempotencyKeyOption())
}

function termsOf(current: Session, { overdraft, debtLimit, over }: TermOptions) {
  return {
    ...(overdraft === undefined ? {} : { overdraft: current.amount(overdraft) }),
    ...(debtLimit === undefined ? {} : { debtLimit: current.amount(debtLimit) }),
    ...(over === undefined ? {} : { overBasisPoints: parsePercent(over, 10_000) }),
  }
}
