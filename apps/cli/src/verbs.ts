import type { Command } from 'commander'
import type { Session } from './session.ts'

/** What a verb is given to add itself: where to hang, and how to get its session and set an exit code when it runs. */
export interface Verbs {
  readonly program: Command
  session(): Session
  exit(code: number): void
}
