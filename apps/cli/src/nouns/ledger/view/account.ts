import type { Client } from '@core/api/client'
import type { Session } from '../../../session.ts'
import { formatFields } from '../../../table.ts'

type Opened = Awaited<ReturnType<Client['openAccount']>>
type Hold = Awaited<ReturnType<Client['getHold']>>
type Show = Pick<Session, 'show'>

/** An account and its terms. */
export function accountText(account: Opened, { show }: Show): string {
  return formatFields([
    ['account', account.account],
    ['kind', account.kind],
    ['status', account.status],
    ...(account.purse === account.account ? [] : [['draws on', account.purse] as const]),
    ['available', show(account.available)],
    ...(account.overdraft > 0 ? [['overdraft', show(account.overdraft)] as const] : []),
    ['debt limit', show(account.debtLimit)],
    ['above a hold', `at most ${account.overBasisPoints / 100} % of what was granted to it`],
  ])
}

/** A hold: what was granted, charged, released, and used without being charged. */
export function holdText(hold: Hold, { show }: Show): string {
  return formatFields([
    ['hold', hold.hold],
    ['account', hold.account],
    ['status', hold.status],
    ['granted', show(hold.amount)],
    ['captured', show(hold.captured)],
    ['above the hold', show(hold.above)],
    ['uncollected', show(hold.uncollected)],
    ['released', show(hold.released)],
    ['still set aside', show(hold.rest)],
    ['settled above', `${hold.over}, at most ${hold.overBasisPoints / 100} % of what was granted`],
    ['expires', hold.expiresAt],
    ...(hold.closedAt === null ? [] : [['closed', hold.closedAt] as const]),
  ])
}
