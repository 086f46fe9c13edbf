import type { DatabaseConfig } from './database.ts'

export interface DriverCapabilities {
  /** Calls may carry claims. Without it the key of the connection decides who acts. */
  claims: boolean
  /** `listen` delivers notifications. Without it callers depend on polling, which they need in any case. */
  listen: boolean
  /** The statement of an aborted call is stopped, not only abandoned. */
  stopsStatements: boolean
  /** Several processes may have the database open. */
  manyProcesses: boolean
  /** `migrate` works through it. */
  migrates: boolean
}

/** What differs between the drivers; everything else is the same and tested by the contract suite. */
export const driverCapabilities: Readonly<Record<DatabaseConfig['driver'], DriverCapabilities>> = {
  embedded: { claims: true, listen: true, stopsStatements: false, manyProcesses: false, migrates: true },
  postgres: { claims: true, listen: true, stopsStatements: true, manyProcesses: true, migrates: true },
  http: { claims: false, listen: false, stopsStatements: false, manyProcesses: true, migrates: false },
  supabase: { claims: false, listen: false, stopsStatements: false, manyProcesses: true, migrates: false },
}
