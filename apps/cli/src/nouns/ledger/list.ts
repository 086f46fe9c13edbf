import { type Command, Option } from 'commander'
import { type Page, type PageOptions, printNextCursor, readPage } from '../../page.ts'
import type { Session } from '../../session.ts'
import { type Column, formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { ownAccount, projectOf } from './account-code.ts'

/** What an account has, the latest first: where an id was lost, it is found here. */
export function addCreditsLists(credits: Command, { session }: Verbs): void {
  const states = ['open', 'settled', 'settled_late', 'voided', 'expired'] as const
  list(credits, 'holds', 'the holds of an account, the latest first')
    .addOption(new Option('--status <status>', 'only holds that are in this state now').choices(states))
    .action(async (account: string | undefined, options: PageOptions & { status?: (typeof states)[number] }) => {
      const { current, client, params, query } = await ask(session(), account, options)
      const { status } = options
      const page = await readPage(query, (each) => client.listHolds({ params, query: { ...each, status } }))
      const show = (amount: number) => current.show(amount)
      print(current, page, [
        { title: 'HOLD', cell: ({ hold }) => hold },
        { title: 'STATUS', cell: ({ status }) => status },
        { title: 'AMOUNT', align: 'right', cell: ({ amount }) => show(amount) },
        { title: 'CAPTURED', align: 'right', cell: ({ captured }) => show(captured) },
        { title: 'LEFT', align: 'right', cell: ({ rest }) => show(rest) },
        { title: 'UNCOLLECTED', align: 'right', cell: ({ uncollected }) => (uncollected > 0 ? show(uncollected) : '') },
        { title: 'EXPIRES', cell: ({ expiresAt }) => expiresAt },
        { title: 'KEY', cell: ({ key }) => key },
      ])
    })

  list(credits, 'charges', 'the charges of an account, with what was refunded of each').action(
    async (account: string | undefined, options: PageOptions) => {
      const { current, client, params, query } = await ask(session(), account, options)
      print(current, await readPage(query, (each) => client.listCharges({ params, query: each })), [
        { title: 'TX', align: 'right', cell: ({ tx }) => String(tx) },
        { title: 'AT', cell: ({ at }) => at },
        { title: 'CHARGED', align: 'right', cell: ({ charged }) => current.show(charged) },
        { title: 'REFUNDED', align: 'right', cell: ({ refunded }) => current.show(refunded) },
        { title: 'KEY', cell: ({ key }) => key },
      ])
    },
  )

  list(credits, 'refunds', 'the refunds of an account').action(
    async (account: string | undefined, options: PageOptions) => {
      const { current, client, params, query } = await ask(session(), account, options)
      print(current, await readPage(query, (each) => client.listRefunds({ params, query: each })), [
        { title: 'TX', align: 'right', cell: ({ tx }) => String(tx) },
        { title: 'AT', cell: ({ at }) => at },
        { title: 'REFUNDED', align: 'right', cell: ({ refunded }) => current.show(refunded) },
        { title: 'OF', align: 'right', cell: ({ refunds }) => String(refunds ?? '') },
        { title: 'HOLD', cell: ({ hold }) => hold ?? '' },
        { title: 'KEY', cell: ({ key }) => key },
      ])
    },
  )
}

export function addLeasesList(leases: Command, { session }: Verbs): void {
  list(leases, 'list', 'the leases of an account, the latest first').action(
    async (account: string | undefined, options: PageOptions) => {
      const { current, client, params, query } = await ask(session(), account, options)
      print(current, await readPage(query, (each) => client.listCreditLeases({ params, query: each })), [
        { title: 'LEASE', cell: ({ lease }) => lease },
        { title: 'DEVICE', cell: ({ device }) => device },
        { title: 'STATUS', cell: ({ status }) => status },
        { title: 'AMOUNT', align: 'right', cell: ({ amount }) => current.show(amount) },
        { title: 'REPORTED', align: 'right', cell: ({ reported }) => current.show(reported) },
        { title: 'RETURNS', cell: ({ returnsAt }) => returnsAt },
      ])
    },
  )
}

function list(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .argument('[account]', "an account's code; omitted: the account of the key's project")
    .option('--limit <rows>', 'rows per page, 1 to 1000', '20')
    .option('--cursor <cursor>', 'page.next of the page before')
}

async function ask(current: Session, named: string | undefined, { limit, cursor }: PageOptions) {
  const account = named ?? (await ownAccount(current))
  const { client } = await current.connect()
  const query = { account, limit, ...(cursor === undefined ? {} : { cursor }) }
  return { current, client, params: { project: projectOf(account) }, query }
}

function print<Row>(current: Session, page: Page<Row>, columns: readonly Column<Row>[]): void {
  current.output.data(page, ({ data }) => formatTable(data, columns))
  printNextCursor(current, page.page.next)
}
