import type { FlagDeclarations, Flags } from '@core/config/flags'
import type { JoinOptions } from '@core/coordinator'
import type { Database } from '@core/database'
import type { CallOptions, Clock, Logger } from '@core/foundation'
import type { ConnectionOptions, Environment } from './choose-connection.ts'
import type { CoreLedger } from './nouns/core-ledger.ts'
import type { CorePrices } from './nouns/core-prices.ts'
import type { CoreStorage } from './nouns/core-storage.ts'
import type { LeaseOptions } from './nouns/lease-spending.ts'
import type { CoreCache } from './nouns/open-cache.ts'
import type { CoreCoordinator } from './nouns/open-coordinator.ts'
import type { CoreEmbeddings, ModelsOfEmbeddings } from './nouns/open-embeddings.ts'
import type { CoreLlm } from './nouns/open-llm.ts'
import type { Runtime } from './runtime.ts'
import type { CoreStatus } from './status.ts'

export interface CoreOptions<Declarations extends FlagDeclarations = FlagDeclarations> extends ConnectionOptions {
  readonly project: string
  /** Flags that this program reads; with them `core.flags` follows the database from the start. */
  readonly declarations?: Declarations | undefined
  /** `live` waits until the database answers, up to `timeoutMs`. Default: a database that is away is waited for in the background. */
  readonly require?: 'live' | undefined
  /** Of opening. Default 10,000 with `require`, else 5,000. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly coordinator?: { readonly join?: JoinOptions | undefined } | undefined
  /** Models of spaces of embeddings: their calls are paid for by the project, and each has to have a price. Default: the local model, which is free. */
  readonly embeddings?: ModelsOfEmbeddings | undefined
  /** Credits that are spent while the database is away. */
  readonly lease?: LeaseOptions | undefined
  /** Where messages with a key, and in `<file>.settles` settles, wait while the database is away; one per process. */
  readonly outbox?: { readonly file: string } | undefined
  /** Default: what the environment says. */
  readonly runtime?: Runtime | undefined
  readonly env?: Environment | undefined
  readonly logger?: Logger | undefined
  readonly clock?: Clock | undefined
  readonly random?: (() => number) | undefined
}

/** All of Core for one project. Nouns are loaded at their first call, and say E_CLOSED after `close`. */
export interface Core<Declarations extends FlagDeclarations = FlagDeclarations> extends AsyncDisposable {
  readonly project: string
  readonly runtime: Runtime
  /** Of the control plane; undefined where the core is connected to a database. */
  readonly url: string | undefined
  readonly ledger: CoreLedger
  readonly cache: CoreCache
  readonly embeddings: CoreEmbeddings
  readonly coordinator: CoreCoordinator
  readonly flags: Pick<Flags<Declarations>, 'get' | 'refresh'>
  readonly llm: CoreLlm
  readonly prices: CorePrices
  /** Files of the project. */
  readonly storage: CoreStorage
  /** Any function of core_api, typed. */
  readonly rpc: Database['rpc']
  status(): CoreStatus
  /** Called after each change of the status. The answer ends it. */
  onStatus(listener: (status: CoreStatus) => void): () => void
  /** Waits for calls under way and for what is on disk. For `waitUntil` and `after` of functions that are frozen between requests. */
  flush(options?: CallOptions): Promise<void>
  close(): Promise<void>
}
