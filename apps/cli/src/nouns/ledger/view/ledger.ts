import type { Client } from '@core/api/client'
import type { Session } from '../../../session.ts'
import { formatFields, formatTable } from '../../../table.ts'

type Balance = Awaited<ReturnType<Client['getBalance']>>
type Account = Awaited<ReturnType<Client['listAccounts']>>['data'][number]
type Audit = Awaited<ReturnType<Client['auditAccount']>>
type HistoryEntry = Awaited<ReturnType<Client['getHistory']>>['data'][number]
export type Budget = Omit<Awaited<ReturnType<Client['listBudgets']>>['data'][number], 'etag'>

type Show = Pick<Session, 'show'>
type Field = readonly [name: string, value: string]

export function balanceText(balance: Balance, session: Show): string {
  const fields: Field[] = [
    ['account', balance.account],
    ['available', session.show(balance.available)],
    ['held', session.show(balance.held)],
    ['settled', session.show(balance.settled)],
  ]
  if (balance.granted !== undefined) fields.push(['granted', session.show(balance.granted)])
  if (balance.spent !== undefined) fields.push(['spent', session.show(balance.spent)])
  if (balance.overdraft > 0) fields.push(['overdraft', session.show(balance.overdraft)])
  fields.push(['at', balance.at])
  const budgets = balance.budgets ?? []
  return budgets.length === 0 ? formatFields(fields) : `${formatFields(fields)}\n\n${budgetTable(budgets, session)}`
}

/** What a posting did, then the state of the account after it. */
export function postingText(
  answer: {
    settled: number
    held: number
    available: number
    budgets: readonly Budget[]
    tx: number
    replayed: boolean
  },
  { show }: Show,
  fields: readonly Field[],
): string {
  const budgets = answer.budgets.map(({ account, budget, rest, resetsAt }): Field => {
    return [`${account} ${budget}`, `${show(rest)} left${resetsAt ? ` until ${resetsAt}` : ''}`]
  })
  return formatFields([
    ...fields,
    ['available', show(answer.available)],
    ['held', show(answer.held)],
    ...budgets,
    ['transaction', `${answer.tx}${answer.replayed ? ' (this key was accepted before; nothing happened twice)' : ''}`],
  ])
}

export function accountTable(accounts: readonly Account[], { show }: Show): string {
  return formatTable(accounts, [
    { title: 'ACCOUNT', cell: ({ account }) => account },
    { title: 'KIND', cell: ({ kind }) => kind },
    { title: 'STATUS', cell: ({ status }) => status },
    { title: 'DRAWS ON', cell: ({ account, purse }) => (purse === account ? '' : purse) },
    { title: 'AVAILABLE', align: 'right', cell: ({ available }) => show(available) },
    { title: 'HELD', align: 'right', cell: ({ held }) => show(held) },
    { title: 'SPENT', align: 'right', cell: ({ spent }) => show(spent) },
    { title: 'GRANTED', align: 'right', cell: ({ granted }) => show(granted) },
  ])
}

export function historyTable(entries: readonly HistoryEntry[], { show }: Show): string {
  return formatTable(entries, [
    { title: 'TX', align: 'right', cell: ({ tx }) => String(tx) },
    { title: 'AT', cell: ({ at }) => at },
    { title: 'OP', cell: ({ op }) => op },
    { title: 'ACCOUNT', cell: ({ account }) => account },
    { title: 'AMOUNT', align: 'right', cell: ({ amount }) => show(amount) },
    { title: 'UNCOLLECTED', align: 'right', cell: ({ uncollected }) => (uncollected > 0 ? show(uncollected) : '') },
    { title: 'AVAILABLE', align: 'right', cell: ({ available }) => (available === null ? '' : show(available)) },
    { title: 'HOLD', cell: ({ hold }) => hold ?? '' },
    { title: 'FLAGS', cell: ({ flags }) => flags.join(',') },
    { title: 'ACTOR', cell: ({ actor }) => actor },
  ])
}

export function budgetTable(budgets: readonly Budget[], { show }: Show): string {
  return formatTable(budgets, [
    { title: 'BUDGET', cell: ({ budget }) => budget },
    { title: 'ACCOUNT', cell: ({ account }) => account },
    { title: 'PERIOD', cell: ({ period }) => period },
    { title: 'LIMIT', align: 'right', cell: ({ limit }) => show(limit) },
    { title: 'SPENT', align: 'right', cell: ({ spent }) => show(spent) },
    { title: 'HELD', align: 'right', cell: ({ held }) => show(held) },
    { title: 'LEFT', align: 'right', cell: ({ rest }) => show(rest) },
    { title: 'RESETS', cell: ({ resetsAt }) => resetsAt ?? 'never' },
  ])
}

export function auditText({ clean, violations, accounts, transactions }: Audit): string {
  const summary = `${accounts} accounts and ${transactions} transactions are ${clean ? 'clean' : 'NOT clean'}`
  if (clean) return summary
  const table = formatTable(violations, [
    { title: 'BROKEN INVARIANT', cell: ({ check }) => check },
    { title: 'OF', cell: ({ subject }) => subject },
    { title: 'FOUND', cell: ({ found }) => JSON.stringify(found) },
  ])
  return `${summary}\n\n${table}`
}
