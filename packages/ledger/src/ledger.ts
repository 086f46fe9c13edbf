import { callable, ledgerBalance, ledgerBatchJson } from '@core/api/functions'
import type { Database, RpcOptions } from '@core/database'
import { type CallOptions, uuidv7, withDetails } from '@core/foundation'
import { type AccountBalance, toAccountBalance } from './account-balance.ts'
import { createCoalescer } from './coalescer.ts'
import { createUserEnsurer, type EnsuredUser, type EnsureUserInput } from './ensure-user.ts'
import type { HoldCalls } from './hold-calls.ts'
import { toCoreError } from './keyed.ts'
import { createLeaseCalls, type LeaseCalls } from './lease/lease-calls.ts'
import {
  type CaptureInput,
  type ChargeInput,
  type GrantInput,
  type Operation,
  type OperationFields,
  type RefundInput,
  type TransferInput,
  toOperation,
} from './operation.ts'
import type { AccountDenial, Outcomes } from './outcome.ts'
import { createHoldRefund, type RefundedHold, type RefundHoldInput } from './refund-hold.ts'
import { toOutcome } from './to-outcome.ts'
import { createUsageReader, type Usage, type UsageInput } from './usage.ts'
import { type HoldWork, type HoldWorkInput, type HoldWorkOutcome, withHold } from './with-hold.ts'

export interface LedgerDependencies {
  database: Pick<Database, 'rpc'>
  /** Acts for this key or project; without claims, as the role of the database connection. */
  claims?: RpcOptions['claims']
  /** Operations of one batch at most. Default 1,000. */
  maxBatch?: number
  /** Calls that may wait. Default 10,000; beyond that a call fails at once with E_DATABASE_BUSY. */
  maxQueue?: number
  /** Time limit of a call that names none, in milliseconds. Default 10,000. */
  timeoutMs?: number
}

/**
 * Metered credits. Expected refusals are outcomes (a union on `status`), failures are thrown as CoreError. Every
 * mutation takes a key, generated here where none is given, and its errors have it as `details.key`: sending the same
 * key again after a failure never charges twice. Concurrent calls are sent in batches; each gets its own outcome.
 */
export interface Ledger extends HoldCalls, AsyncDisposable {
  /** Charges an amount that is known beforehand. */
  charge(input: ChargeInput, options?: CallOptions): Promise<Outcomes['charge']>
  /** Charges a part of an open hold, which stays open. */
  capture(input: CaptureInput, options?: CallOptions): Promise<Outcomes['capture']>
  /** Issues new credits. Needs `ledger:grant`. */
  grant(input: GrantInput, options?: CallOptions): Promise<Outcomes['grant']>
  /** Moves credits between accounts. */
  transfer(input: TransferInput, options?: CallOptions): Promise<Outcomes['transfer']>
  /** Gives back a charge, capture or settle. Needs `ledger:grant`. */
  refund(input: RefundInput, options?: CallOptions): Promise<Outcomes['refund']>
  /** Gives back what a hold was charged, the last charge first. Needs `ledger:grant`. */
  refundHold(input: RefundHoldInput, options?: CallOptions): Promise<RefundedHold>
  /** Reserves, works, and settles to what was metered; the rest always goes back. */
  withHold<Value>(input: HoldWorkInput, work: HoldWork<Value>, options?: CallOptions): Promise<HoldWorkOutcome<Value>>
  /** The lease functions of the database; `openLease` opens a lease that is spent offline. */
  readonly leases: LeaseCalls
  /** The balance of an account and the rest of its budgets. */
  balance(account: string, options?: CallOptions): Promise<AccountBalance | AccountDenial>
  /** What an account was charged, per bucket of time and per account, user or metadata key. */
  usage(input: UsageInput, options?: CallOptions): Promise<Usage | AccountDenial>
  /** Makes sure that an end user has an account with a cap per period. Needs `ledger:account`. */
  ensureUser(input: EnsureUserInput, options?: CallOptions): Promise<EnsuredUser | AccountDenial>
  /** Waits for the calls under way; new ones are refused. */
  close(): Promise<void>
}

export function createLedger(dependencies: LedgerDependencies): Ledger {
  const { database, maxBatch = 1_000, maxQueue = 10_000, timeoutMs = 10_000 } = dependencies
  // A copy: the caller's object cannot change whom this ledger acts for.
  const claims = structuredClone(dependencies.claims)
  const sendBatch = callable(database, ledgerBatchJson)
  const readBalance = callable(database, ledgerBalance)
  const coalescer = createCoalescer<Operation, unknown>({ send, maxBatch, maxQueue, timeoutMs })

  async function send(operations: readonly Operation[]): Promise<readonly unknown[]> {
    const { results } = await sendBatch({ ops: operations }, { claims })
    return results
  }

  async function run<Op extends Operation['op']>(
    op: Op,
    key: string = uuidv7(),
    fields: OperationFields<Op>,
    options?: CallOptions,
  ): Promise<Outcomes[Op]> {
    try {
      return toOutcome(op, await coalescer.submit(toOperation(op, key, fields), options))
    } catch (error) {
      throw withDetails(toCoreError(error), { key })
    }
  }

  const ledger: Ledger = {
    reserve: ({ key, ttlSeconds, ...input }, options) => run('reserve', key, { ...input, ttl_s: ttlSeconds }, options),
    settle: ({ key, ...input }, options) => run('settle', key, input, options),
    void: ({ key, ...input }, options) => run('void', key, input, options),
    charge: ({ key, ...input }, options) => run('charge', key, input, options),
    extend: ({ key, ttlSeconds, ...input }, options) => run('extend', key, { ...input, ttl_s: ttlSeconds }, options),
    capture: ({ key, ...input }, options) => run('capture', key, input, options),
    grant: ({ key, ...input }, options) => run('grant', key, input, options),
    transfer: ({ key, ...input }, options) => run('transfer', key, input, options),
    refund: ({ key, ...input }, options) => run('refund', key, input, options),
    refundHold: createHoldRefund(database, claims),
    withHold: (input, work, options) => withHold(ledger, input, work, options),
    leases: createLeaseCalls(database, claims),
    balance: async (account, options) => toAccountBalance(await readBalance({ account }, { ...options, claims })),
    usage: createUsageReader(database, claims),
    ensureUser: createUserEnsurer(database, claims),
    close: () => coalescer.close(),
    [Symbol.asyncDispose]: () => coalescer.close(),
  }
  return ledger
}
