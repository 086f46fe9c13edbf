import type { Environment } from '@core/config'
import type { OutputStreams } from './output.ts'

/** Everything a command touches outside itself; tests pass their own. */
export interface CommandIo extends OutputStreams {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean }
  env: Environment
  cwd: string
  /** Aborts on SIGINT and SIGTERM. */
  signal: AbortSignal
}
