export type { AccountBalance } from './account-balance.ts'
export { type Coalescer, type CoalescerOptions, createCoalescer } from './coalescer.ts'
export { type Credits, credits, formatCredits, microCredits } from './credits.ts'
export type { EnsuredUser, EnsureUserInput } from './ensure-user.ts'
export type { HoldCalls } from './hold-calls.ts'
export type { BootTime } from './lease/boot-time.ts'
export type {
  Lease,
  LeaseDetached,
  LeaseEnded,
  LeaseExhausted,
  LeaseExpired,
  LeaseState,
  SpendFacts,
  SpendOutcome,
  Spent,
} from './lease/lease.ts'
export type {
  LeaseCalls,
  LeaseClosed,
  LeaseCloseOutcome,
  LeaseFacts,
  LeaseGapDenial,
  LeaseLimitDenial,
  LeaseOpened,
  LeaseOpenInput,
  LeaseOpenOutcome,
  LeaseReported,
  LeaseReportOutcome,
} from './lease/lease-calls.ts'
export type { ReportItem } from './lease/lease-tally.ts'
export { type OpenLeaseInput, type OpenLeaseOutcome, openLease } from './lease/open-lease.ts'
export { createLedger, type Ledger, type LedgerDependencies } from './ledger.ts'
export type { Metadata } from './metadata.ts'
export type {
  CaptureInput,
  ChargeInput,
  ExtendInput,
  GrantInput,
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
export type { RefundedHold, RefundHoldInput } from './refund-hold.ts'
export { type UnsettledWork, unsettledOf } from './unsettled-work.ts'
export type { Usage, UsageInput, UsageRow } from './usage.ts'
export {
  type HoldWork,
  type HoldWorkDone,
  type HoldWorkInput,
  type HoldWorkOutcome,
  type HoldWorkUnsettled,
  type LiveHold,
  withHold,
} from './with-hold.ts'
