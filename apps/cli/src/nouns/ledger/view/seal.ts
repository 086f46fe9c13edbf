import type { Client } from '@core/api/client'
import type { Session } from '../../../session.ts'
import { formatFields, formatTable } from '../../../table.ts'

type Seal = Awaited<ReturnType<Client['sealLedger']>>
type Verification = Awaited<ReturnType<Client['verifyLedger']>>
type Move = Awaited<ReturnType<Client['rebalanceBudgets']>>['moves'][number]

export function sealText({ sealed, busy, lastTx, hash }: Seal): string {
  if (busy) return 'another one seals right now'
  if (sealed === 0) return 'nothing was left to seal'
  return formatFields([
    ['sealed', `${sealed} transactions, up to ${lastTx}`],
    ['head', hash ?? ''],
  ])
}

export function verificationText({ valid, blocks, transactions, head, lastTx, badBlock }: Verification): string {
  if (valid) {
    return formatFields([
      ['seal', 'intact'],
      ['blocks', `${blocks}, with ${transactions ?? 0} transactions up to ${lastTx ?? 0}`],
      ['head', head ?? ''],
    ])
  }
  return formatFields([
    ['seal', 'BROKEN'],
    ['block', `${badBlock?.id}, transactions ${badBlock?.firstTx} to ${badBlock?.lastTx}`],
    ['sealed', badBlock?.sealedAt ?? ''],
    ['fault', badBlock?.fault ?? ''],
  ])
}

export function rebalanceTable(moves: readonly Move[], { show }: Pick<Session, 'show'>): string {
  if (moves.length === 0) return 'nothing to move'
  return formatTable(moves, [
    { title: 'ACCOUNT', cell: ({ account }) => account },
    { title: 'CAP BEFORE', align: 'right', cell: ({ from }) => show(from) },
    { title: 'CAP', align: 'right', cell: ({ to }) => show(to) },
    { title: 'MOVED', align: 'right', cell: ({ moved }) => show(moved) },
  ])
}
