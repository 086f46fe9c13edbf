import type { CallOptions } from '@core/foundation'
import type {
  ChargeInput,
  ChargeOutcome,
  Credits,
  HoldWork,
  HoldWorkInput,
  HoldWorkOutcome,
  Ledger,
} from '@core/ledger'

/** Charged to the lease of this process, on its disk; the database has it when it is back. */
export interface LeaseSpent {
  readonly status: 'charged'
  readonly via: 'lease'
  readonly account: string
  readonly charged: Credits
  readonly replayed: boolean
}

export interface LeaseWorkDone<Value> {
  readonly status: 'done'
  readonly via: 'lease'
  readonly value: Value
  readonly account: string
  readonly charged: Credits
  readonly released: Credits
  readonly uncollected: Credits
}

/** The lease is over or has less than that left; nothing was spent. */
export interface LeaseRefusal {
  readonly status: 'lease_exhausted'
  readonly via: 'lease'
  readonly account: string
  readonly requested: Credits
  readonly remaining: Credits
}

/** `spooled`: an unsettled outcome is on disk, and is settled when the database is back. */
type ViaLedger = { readonly via: 'ledger'; readonly spooled?: true }

/** The ledger; with the option `lease`, charges and holds of its account continue while the database is away. */
export interface CoreLedger extends Omit<Ledger, 'charge' | 'withHold' | 'close' | typeof Symbol.asyncDispose> {
  charge(input: ChargeInput, options?: CallOptions): Promise<(ChargeOutcome & ViaLedger) | LeaseSpent | LeaseRefusal>
  withHold<Value>(
    input: HoldWorkInput,
    work: HoldWork<Value>,
    options?: CallOptions,
  ): Promise<(HoldWorkOutcome<Value> & ViaLedger) | LeaseWorkDone<Value> | LeaseRefusal>
}
