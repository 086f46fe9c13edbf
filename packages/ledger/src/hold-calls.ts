import type { CallOptions } from '@core/foundation'
import type { ExtendInput, ReserveInput, SettleInput, VoidInput } from './operation.ts'
import type { Outcomes } from './outcome.ts'

/** The life of a hold. */
export interface HoldCalls {
  /** Sets credits aside before work starts. */
  reserve(input: ReserveInput, options?: CallOptions): Promise<Outcomes['reserve']>
  /** Charges what was used of a hold and releases the rest; an expired hold still charges, once. */
  settle(input: SettleInput, options?: CallOptions): Promise<Outcomes['settle']>
  /** Gives a hold back whole. */
  void(input: VoidInput, options?: CallOptions): Promise<Outcomes['void']>
  /** Adds to an open hold and renews its time. */
  extend(input: ExtendInput, options?: CallOptions): Promise<Outcomes['extend']>
}
