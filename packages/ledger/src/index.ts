export type { AccountBalance } from './account-balance.ts'
export { type Credits, credits, microCredits } from './credits.ts'
export { createLedger, type Ledger, type LedgerDependencies } from './ledger.ts'
export type {
  CaptureInput,
  ChargeInput,
  ExtendInput,
  GrantInput,
  Metadata,
  OverPolicy,
  RefundInput,
  ReserveInput,
  SettleInput,
  TransferInput,
  VoidInput,
} from './operation.ts'
export type {
  AccountDenial,
  Balance,
  BudgetRest,
  Captured,
  CaptureOutcome,
  Charged,
  ChargeOutcome,
  ClosedDenial,
  Extended,
  ExtendOutcome,
  Granted,
  GrantOutcome,
  OverCaptureDenial,
  Refunded,
  RefundOutcome,
  Reserved,
  ReserveOutcome,
  Settled,
  SettleOutcome,
  SpendDenial,
  TransferOutcome,
  Transferred,
  Voided,
  VoidOutcome,
} from './outcome.ts'
export type { HoldWork, HoldWorkInput, HoldWorkOutcome, LiveHold } from './with-hold.ts'
