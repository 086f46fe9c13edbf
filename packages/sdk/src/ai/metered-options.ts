import type { HoldWorkInput } from '@core/ledger'
import type { Core } from '../core.ts'

export interface MeteredOptions {
  readonly core: Pick<Core, 'ledger' | 'prices'>
  /** Who pays. */
  readonly account: string
  /**
   * Names what the model is used for, such as a request or a job: its calls are `<key>:1`, `<key>:2` and so on, and the same
   * run again is charged once. Take a model object for each run then. Default: each call is one of its own.
   */
  readonly key?: string | undefined
  /** As it is priced. Default: what the model calls its provider, up to the first dot. */
  readonly provider?: string | undefined
  readonly metadata?: HoldWorkInput['metadata']
}
