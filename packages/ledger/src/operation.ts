import { CoreError, copyStorable, type Storable } from '@core/foundation'
import type { Credits } from './credits.ts'
import { copyMetadata, type Metadata } from './metadata.ts'

interface Keyed {
  /**
   * Identifies the effect (1 to 200 characters): the same key again replays the first answer. Default: a new uuid; an
   * error of the call has it as `details.key`, to send the call again.
   */
  key?: string | undefined
}

/**
 * What a settle above the hold does. `cap` (default): charge what balance and budgets leave. `overflow`: also go into debt,
 * as far as the owner allows. `reject`: refuse.
 */
export type OverPolicy = 'overflow' | 'cap' | 'reject'

export interface ReserveInput extends Keyed {
  account: string
  amount: Credits
  /** Grant at least this much, at most `amount`. Default: exactly `amount`. */
  min?: Credits | undefined
  /** Seconds until the hold expires by the database's clock, 1 to 86,400; default 120. */
  ttlSeconds?: number | undefined
  over?: OverPolicy | undefined
  /** An id of the caller's own for the hold, a uuid. */
  hold?: string | undefined
  metadata?: Metadata | undefined
}

export interface SettleInput extends Keyed {
  hold: string
  /** What was used. Left out: the whole hold, flagged `estimated`. */
  amount?: Credits | undefined
  metadata?: Metadata | undefined
}

export interface VoidInput extends Keyed {
  hold: string
  reason?: string | undefined
}

export interface ChargeInput extends Keyed {
  account: string
  amount: Credits
  metadata?: Metadata | undefined
}

export interface ExtendInput extends Keyed {
  hold: string
  /** Credits to add; default 0: only renew the time. */
  add?: Credits | undefined
  /** Add at least this much, at most `add`. Default: exactly `add`. */
  min?: Credits | undefined
  /** Seconds from now, 1 to 86,400; default 120. Never shortens the time set by an earlier call. */
  ttlSeconds?: number | undefined
}

export interface CaptureInput extends Keyed {
  hold: string
  amount: Credits
}

export interface GrantInput extends Keyed {
  account: string
  amount: Credits
  reason?: string | undefined
  metadata?: Metadata | undefined
}

export interface TransferInput extends Keyed {
  from: string
  to: string
  amount: Credits
  /** `up_to` moves as much as is available, at least one micro-credit. Default `exact`. */
  mode?: 'exact' | 'up_to' | undefined
}

export interface RefundInput extends Keyed {
  /** The transaction of a charge, capture or settle. */
  tx: number
  /** Default: what is left of it. */
  amount?: Credits | undefined
}

/** One operation as `ledger_batch` takes it. Undefined fields are left out of the JSON. */
export type Operation =
  | {
      op: 'reserve'
      key: string
      account: string
      amount: number
      hold?: string
      min?: number
      ttl_s?: number
      over?: string
      metadata?: Metadata
    }
  | { op: 'settle'; key: string; hold: string; amount?: number; metadata?: Metadata }
  | { op: 'void'; key: string; hold: string; reason?: string }
  | { op: 'charge'; key: string; account: string; amount: number; metadata?: Metadata }
  | { op: 'extend'; key: string; hold: string; add?: number; min?: number; ttl_s?: number }
  | { op: 'capture'; key: string; hold: string; amount: number }
  | { op: 'grant'; key: string; account: string; amount: number; reason?: string; metadata?: Metadata }
  | { op: 'transfer'; key: string; from: string; to: string; amount: number; mode?: string }
  | { op: 'refund'; key: string; tx: number; amount?: number }

/** The fields of an operation besides its kind and key; undefined fields are omitted. */
export type OperationFields<Op extends Operation['op']> = Loose<Omit<Extract<Operation, { op: Op }>, 'op' | 'key'>>
type Loose<Value> = { [Field in keyof Value]: Value[Field] | undefined }

/**
 * Builds an operation from copies of what the caller gave. Refuses what the database
 * would refuse before it is sent: one value that cannot be stored would fail the whole batch.
 */
export function toOperation<Op extends Operation['op']>(op: Op, key: string, fields: OperationFields<Op>): Operation {
  const given: Readonly<Record<string, unknown>> = fields
  const operation: Record<string, Storable> = { op, key }
  for (const name in given) {
    if (given[name] !== undefined) operation[name] = copyField(name, given[name])
  }
  // No field of the caller's object takes the place of the kind and the key.
  return Object.assign(operation, { op, key: copyKey(key) }) as object as Operation
}

function copyField(name: string, value: unknown): Storable {
  if (name === 'metadata') return copyMetadata(value)
  if (amountFields.has(name)) requireWhole(name, value)
  return copyStorable(name, value)
}

const amountFields = new Set(['amount', 'min', 'add', 'ttl_s', 'tx'])

function requireWhole(field: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw invalid(field, `${field} must be a whole number from 0 to 2^53 - 1, got ${String(value)}`)
  }
}

/** @throws CoreError E_INVALID for a key that the database would refuse. */
export function copyKey(key: unknown): Storable {
  if (typeof key === 'string' && key.length >= 1 && key.length <= 200) return copyStorable('key', key)
  throw invalid('key', 'key must be a text of 1 to 200 characters')
}

function invalid(field: string, message: string): CoreError {
  return new CoreError('E_INVALID', message, { details: { reason: `invalid_${field}`, field } })
}
