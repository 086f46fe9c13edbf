import type { AcceptedOf, ledgerCharge } from '@core/api/functions'
import type { Credits } from './credits.ts'

/** What every answer carries of the account's purse, in micro-credits. `available` below zero is debt. */
export interface Balance extends Pick<AcceptedOf<typeof ledgerCharge>, 'settled' | 'held' | 'available' | 'budgets'> {}

/** The present window of a budget that bound the call. Instants are ISO 8601 texts; null for a total. */
export type BudgetRest = Balance['budgets'][number]

/** Credits or a budget were not enough; nothing was changed. */
export interface SpendDenial extends Balance {
  status: 'insufficient_credits' | 'budget_exhausted'
  account: string
  /** The smallest amount that had to be granted. */
  requested: Credits
  /** The budget that denied the call. */
  budget?: string | undefined
}
export interface AccountDenial {
  status: 'account_not_found' | 'account_frozen'
  account: string
}
/** The hold has ended already, or (void) has captures. */
export interface ClosedDenial {
  status: 'hold_closed'
  hold: string
  holdStatus: string
}
/** More than the hold has, and its policy is to reject; or a capture beyond its rest. */
export interface OverCaptureDenial {
  status: 'over_capture'
  hold: string
  limit: Credits
}

export interface Accepted extends Balance {
  tx: number
  /** True when the key was known: this is the first answer again. */
  replayed: boolean
}
export type Reserved = Accepted & { status: 'reserved'; hold: string; granted: Credits; expiresAt: Date }
export type Settled = Accepted & {
  status: 'settled' | 'settled_late'
  hold: string
  charged: Credits
  released: Credits
  /** Used but not charged: neither balance, budgets nor the bound above the hold left it. */
  uncollected: Credits
  flags: ('late' | 'estimated' | 'overflow' | 'uncollected')[]
}
export type Voided = Accepted & { status: 'voided'; hold: string; released: Credits }
export type Charged = Accepted & { status: 'charged'; account: string; charged: Credits }
export type Extended = Accepted & {
  status: 'extended'
  hold: string
  granted: Credits
  amount: Credits
  expiresAt: Date
}
export type Captured = Accepted & {
  status: 'captured'
  hold: string
  charged: Credits
  captured: Credits
  rest: Credits
}
export type Granted = Accepted & { status: 'granted'; account: string; amount: Credits }
export type Transferred = Accepted & { status: 'transferred'; from: string; to: string; moved: Credits }
export type Refunded = Accepted & { status: 'refunded'; account: string; refunded: Credits; left: Credits }

export type ReserveOutcome = Reserved | SpendDenial | AccountDenial
export type SettleOutcome = Settled | ClosedDenial | OverCaptureDenial
export type VoidOutcome = Voided | ClosedDenial
export type ChargeOutcome = Charged | SpendDenial | AccountDenial
export type ExtendOutcome = Extended | SpendDenial | AccountDenial | ClosedDenial
export type CaptureOutcome = Captured | ClosedDenial | OverCaptureDenial
export type GrantOutcome = Granted | AccountDenial
export type TransferOutcome = Transferred | SpendDenial | AccountDenial
export type RefundOutcome = Refunded | AccountDenial

export interface Outcomes {
  reserve: ReserveOutcome
  settle: SettleOutcome
  void: VoidOutcome
  charge: ChargeOutcome
  extend: ExtendOutcome
  capture: CaptureOutcome
  grant: GrantOutcome
  transfer: TransferOutcome
  refund: RefundOutcome
}
