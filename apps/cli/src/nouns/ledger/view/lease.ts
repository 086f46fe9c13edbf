import type { Client } from '@core/api/client'
import type { Session } from '../../../session.ts'
import { formatFields } from '../../../table.ts'

type Lease = Awaited<ReturnType<Client['getCreditLease']>>

export function leaseText(
  lease: Lease,
  { show }: Pick<Session, 'show'>,
  did: readonly (readonly [string, string])[] = [],
): string {
  return formatFields([
    ['lease', lease.lease],
    ['account', lease.account],
    ['device', lease.device],
    ['status', lease.status],
    ...did,
    ['leased', show(lease.amount)],
    ['reported', `${show(lease.reported)} in ${lease.seq} reports`],
    ['still set aside', show(lease.rest)],
    ...(lease.flags.length > 0 ? [['flags', lease.flags.join(', ')] as const] : []),
    ['expires', lease.expiresAt],
    ['goes back', lease.closedAt === null ? lease.returnsAt : `closed at ${lease.closedAt}`],
  ])
}
