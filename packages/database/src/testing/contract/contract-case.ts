import { type CoreError, isCoreError } from '@core/foundation'
import type { Database } from '../../database.ts'
import type { ContractBackend, ContractTarget } from '../contract-target.ts'

/** Machines under load are slow; what is waited for comes at once on others. */
export const contractWait = { timeout: 30_000 }

/** The database that the tests of a suite share, and how they call it. */
export interface ContractCase {
  readonly backend: Pick<ContractBackend<ContractTarget>, 'driver' | 'keepsSqlstate'>
  target(): ContractTarget
  call(...args: Parameters<Database['call']>): ReturnType<Database['call']>
  /** The error of a call that has to fail. */
  failure(promise: Promise<unknown>): Promise<CoreError>
}

export function createContractCase(backend: ContractCase['backend'], target: () => ContractTarget): ContractCase {
  return {
    backend,
    target,
    call: (...args) => target().database.call(...args),
    async failure(promise) {
      const error = await promise.then(
        (value) => new Error(`it succeeded with ${JSON.stringify(value)}`),
        (thrown: unknown) => thrown,
      )
      if (!isCoreError(error)) throw error
      return error
    },
  }
}
