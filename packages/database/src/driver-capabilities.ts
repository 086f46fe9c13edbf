import type { DatabaseConfig } from './database.ts'

export interface DriverCapabilities {
  /** Calls may carry claims of their own. Without it the key of the connection decides who acts. */
  claims: boolean
  /** `listen` hears notifications. Without it callers live by polling alone, which they must be able to anyway. */
  listen: boolean
  /** The statement of an aborted call is stopped, not only left alone. */
  stopsStatements: boolean
  /** Several processes may have the database open. */
  manyProcesses: boolean
  /** `migrate` works through it. */
  migrates: boolean
}

/** What differs between the drivers; everything else is the same, and the contract suite says what that is. */
export const driverCapabilities: Readonly<Record<DatabaseConfig['driver'], DriverCapabilities>> = {
  embedded: { claims: true, listen: true, stopsStatements: false, manyProcesses: false, migrates: true },
  postgres: { claims: true, listen: true, stopsStatements: true, manyProcesses: true, migrates: true },
  supabase: { claims: false, listen: false, stopsStatements: false, manyProcesses: true, migrates: false },
}
