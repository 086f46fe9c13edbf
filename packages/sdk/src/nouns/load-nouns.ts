import type { FlagDeclarations, Flags } from '@core/config/flags'
import type { CallOptions } from '@core/foundation'
import type { FollowedPriceBook } from '@core/providers/price'
import type { Breaker } from '../breaker.ts'
import type { ControlPlane, Environment } from '../choose-connection.ts'
import { defer } from '../defer.ts'
import type { Loading } from '../load-once.ts'
import type { Context } from './context.ts'
import type { CoreLedger } from './core-ledger.ts'
import { type CorePrices, toCorePrices } from './core-prices.ts'
import type { CoreStorage } from './core-storage.ts'
import type { LeaseOptions } from './lease-spending.ts'
import type { CoreCache } from './open-cache.ts'
import type { CoreCoordinator, OpenedCoordinator } from './open-coordinator.ts'
import type { CoreEmbeddings, ModelsOfEmbeddings } from './open-embeddings.ts'
import type { OpenedLedger, Track } from './open-ledger.ts'
import type { CoreLlm } from './open-llm.ts'

export interface NounsOptions extends Context {
  readonly env: Environment
  readonly fetch: typeof fetch | undefined
  readonly lease: LeaseOptions | undefined
  readonly outbox: { readonly file: string } | undefined
  readonly models: ModelsOfEmbeddings | undefined
  readonly breaker: Breaker
  readonly plane: ControlPlane | undefined
  readonly track: Track
  readonly loading: Loading
}

export interface Nouns {
  readonly ledger: CoreLedger
  readonly cache: CoreCache
  readonly embeddings: CoreEmbeddings
  readonly coordinator: CoreCoordinator
  readonly llm: CoreLlm
  readonly prices: CorePrices
  readonly storage: CoreStorage
  openFlags<Declarations extends FlagDeclarations>(declarations: Declarations): Promise<Flags<Declarations>>
  /** Opens what has a file: what an earlier process left there is delivered. */
  openFiles(): Promise<void>
  readonly canSpendLease: boolean
  /** Messages and settles on disk. */
  readonly waiting: number
  flush(options: CallOptions): Promise<void>
}

interface CachePlan {
  readonly [name: string]: CachePlan
  readonly namespace: CachePlan
}
const cachePlan: CachePlan = {
  get namespace() {
    return cachePlan
  },
}

/** Each noun is a module of its own, loaded at its first call: what a program does not use is not loaded. */
export function loadNouns({
  env,
  fetch,
  lease,
  outbox,
  models,
  breaker,
  plane,
  track,
  loading,
  ...context
}: NounsOptions): Nouns {
  const { once } = loading
  let openedLedger: OpenedLedger | undefined
  let openedCoordinator: OpenedCoordinator | undefined
  const openLedger = once(
    async () => {
      const { openLedger: open } = await import('./open-ledger.ts')
      openedLedger = await open({ ...context, breaker, track, lease, settlesFile: outbox && `${outbox.file}.settles` })
      return openedLedger
    },
    (made) => made.close(),
  )
  const openCoordinator = once(
    async () => {
      const { openCoordinator: open } = await import('./open-coordinator.ts')
      openedCoordinator = await open({ ...context, breaker, outboxFile: outbox?.file })
      return openedCoordinator
    },
    (made) => made.close(),
  )
  const ledger = defer<CoreLedger>(async () => (await openLedger()).ledger, { leases: {} })
  const cache = once(
    async () => (await import('./open-cache.ts')).openCache(context),
    (made) => made.close(),
  )
  const prices = once<FollowedPriceBook>(
    async () => (await import('./open-prices.ts')).openPrices({ ...context, env }),
    async (made) => made[Symbol.asyncDispose](),
  )
  const corePrices = toCorePrices(prices)
  const embeddings = once(
    async () =>
      (await import('./open-embeddings.ts')).openEmbeddings({ ...context, ledger, prices: corePrices, models }),
    (made) => made.close(),
  )
  const llm = once<CoreLlm>(async () => {
    if (plane) return (await import('./gateway-llm.ts')).openGatewayLlm({ plane, env, prices: corePrices })
    const { openMeteredLlm } = await import('./open-llm.ts')
    return await openMeteredLlm({ ...context, env, fetch, ledger, prices: await prices() })
  })
  const storage = once<CoreStorage>(async () =>
    (await import('./open-storage.ts')).openCoreStorage({ ...context, env, plane }),
  )
  return {
    ledger,
    cache: defer<CoreCache>(async () => (await cache()).cache, cachePlan),
    embeddings: defer<CoreEmbeddings>(async () => (await embeddings()).embeddings, { space: { documents: 'stream' } }),
    coordinator: defer<CoreCoordinator>(async () => (await openCoordinator()).coordinator, {
      manifest: 'stream',
      insights: { list: 'stream' },
      messages: { inbox: 'stream', list: 'stream' },
      tasks: {},
      tasksOf: {},
    }),
    llm: defer<CoreLlm>(llm, { stream: 'stream' }),
    prices: corePrices,
    storage: defer<CoreStorage>(storage, {}),
    async openFlags(declarations) {
      const open = once(
        async () => (await import('./open-flags.ts')).openFlags(context, declarations),
        (made) => made.close(),
      )
      return await open()
    },
    async openFiles() {
      if (lease || outbox) await openLedger()
      if (outbox) await openCoordinator()
    },
    get canSpendLease() {
      return openedLedger?.canSpendLease ?? false
    },
    get waiting() {
      return (openedLedger?.waiting ?? 0) + (openedCoordinator?.waiting ?? 0)
    },
    async flush(options) {
      await openedCoordinator?.flush(options)
      await openedLedger?.flush(options)
    },
  }
}
