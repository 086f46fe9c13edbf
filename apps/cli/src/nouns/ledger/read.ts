import type { Command } from 'commander'
import { exitCodes } from '../../exit-code.ts'
import { type PageOptions, printNextCursor, readPage } from '../../page.ts'
import type { Verbs } from '../../verbs.ts'
import { ownAccount, projectOf } from './account-code.ts'
import { accountTable, auditText, balanceText, historyTable } from './view/ledger.ts'

export function addCreditsRead(credits: Command, { session, exit }: Verbs): void {
  credits
    .command('balance')
    .description('settled, held and available of an account, and the budgets that bind it')
    .argument('[account]', "an account's code; omitted: the account of the key's project")
    .option('--at <instant>', 'at an RFC 3339 instant, such as 2026-11-20T09:30:00Z')
    .action(async (account: string | undefined, { at }: { at?: string }) => {
      const current = session()
      const code = account ?? (await ownAccount(current))
      const { client } = await current.connect()
      const balance = await client.getBalance({
        params: { project: projectOf(code), code },
        query: at === undefined ? {} : { at },
      })
      current.output.data(balance, (value) => balanceText(value, current))
    })

  credits
    .command('accounts')
    .description('accounts and their balances')
    .option('--parent <account>', 'only those right below this one')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async ({ parent, ...page }: PageOptions & { parent?: string }) => {
      const current = session()
      const { client, target } = await current.connect()
      const accounts = await client.listAccounts({
        params: { project: target.project ?? (parent ? projectOf(parent) : 'current') },
        query: { ...page, ...(parent ? { parent } : {}) },
      })
      current.output.data(accounts, ({ data }) => accountTable(data, current))
      printNextCursor(current, accounts.page.next)
    })

  credits
    .command('history')
    .description('what happened to an account, newest first')
    .argument('[account]', "an account's code; omitted: the account of the key's project")
    .option('--op <op>', 'only this operation: grant, reserve, settle, void, charge')
    .option('--hold <id>', 'only this hold')
    .option('--since <instant>', 'from this RFC 3339 instant on')
    .option('--until <instant>', 'before this RFC 3339 instant')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '20')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (account: string | undefined, query: PageOptions & Record<string, string>) => {
      const current = session()
      const code = account ?? (await ownAccount(current))
      const { client } = await current.connect()
      const params = { project: projectOf(code), code }
      const history = await readPage(query, (page) => client.getHistory({ params, query: page }))
      current.output.data(history, ({ data }) => historyTable(data, current))
      printNextCursor(current, history.page.next)
    })

  credits
    .command('audit')
    .description('recompute every invariant; exits 1 when one does not hold')
    .argument(
      '[account]',
      'it, all below it, and the purses they draw on; omitted: the own project, or everything (owner)',
    )
    .action(async (account: string | undefined) => {
      const current = session()
      const { client, target } = await current.connect()
      const project = account === undefined ? (target.project ?? (await client.getMe()).project) : projectOf(account)
      const audit =
        project === null
          ? await client.auditLedger()
          : await client.auditAccount({ params: { project, code: account ?? project } })
      current.output.data(audit, auditText)
      if (!audit.clean) exit(exitCodes.failure)
    })
}
