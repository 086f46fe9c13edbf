import type { Config } from '@core/config'
import type { Logger } from '@core/foundation'
import type { FirstStart } from './first-start.ts'

export interface ControlPlaneOptions {
  readonly config: Pick<
    Config,
    | 'auth'
    | 'http'
    | 'rest'
    | 'jwt'
    | 'metrics'
    | 'tracing'
    | 'database'
    | 'dataDir'
    | 'llm'
    | 'price'
    | 'router'
    | 'limits'
    | 'overload'
    | 'background'
    | 'storage'
    | 'webhook'
    | 'ownerKey'
    | 'secretsKey'
    | 'shutdown'
  >
  readonly logger: Logger
  /** Called with what the start is doing, a line at a time. Default: none. */
  readonly onProgress?: (line: string) => void
}

export interface ControlPlane extends AsyncDisposable {
  /** Where it listens: `http://127.0.0.1:4400`. */
  readonly url: string
  /** Where clients reach it; `url` unless the configuration names another address. */
  readonly publicUrl: string
  /** The port of `GET /metrics`; undefined where metrics are disabled. */
  readonly metricsPort: number | undefined
  /** The keys this start made, to be shown once. */
  readonly firstStart: FirstStart
  /**
   * Readiness answers no at once. Serves everything for `acceptMs` longer (default 0), then answers the requests in
   * flight, refuses new ones, and closes everything. Safe to call twice.
   */
  close(options?: { readonly acceptMs?: number }): Promise<void>
}
