import { type AcceptedOf, type AnswerOf, ledgerBalance, unknownAnswer } from '@core/api/functions'
import type { AccountDenial } from './outcome.ts'

type Present = Extract<AcceptedOf<typeof ledgerBalance>, { granted: unknown }>

/** An account with the balance of its purse. settled = granted - spent; available = settled - held + overdraft. */
export interface AccountBalance extends Omit<Present, 'ok' | 'status'> {
  status: 'found'
  accountStatus: Present['status']
}

export function toAccountBalance(answer: AnswerOf<typeof ledgerBalance>): AccountBalance | AccountDenial {
  if (!answer.ok) return { status: answer.code, account: answer.account }
  if (!('granted' in answer)) throw unknownAnswer(ledgerBalance.name)
  const { ok: _, status: accountStatus, ...balance } = answer
  return { ...balance, status: 'found', accountStatus }
}
