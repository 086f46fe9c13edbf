import type { FlagDeclarations, Flags } from '@core/config/flags'
import type { JoinOptions, Member } from '@core/coordinator'
import { type Clock, CoreError, fullJitterMs, isCoreError, type Logger } from '@core/foundation'
import type { Breaker } from './breaker.ts'
import type { ControlPlane, Environment } from './choose-connection.ts'
import type { Core, CoreOptions } from './core.ts'
import { createLoading } from './load-once.ts'
import { loadNouns } from './nouns/load-nouns.ts'
import type { Runtime } from './runtime.ts'
import type { CoreStatus } from './status.ts'
import { trackCalls } from './track-calls.ts'

export interface CoreParts<Declarations extends FlagDeclarations>
  extends Pick<
    CoreOptions<Declarations>,
    'declarations' | 'coordinator' | 'embeddings' | 'fetch' | 'lease' | 'outbox'
  > {
  readonly project: string
  readonly env: Environment
  readonly runtime: Runtime
  readonly breaker: Breaker
  readonly plane: ControlPlane | undefined
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
}

export interface MadeCore<Declarations extends FlagDeclarations> {
  readonly core: Core<Declarations>
  /** Begins what runs from the start. */
  start(): Promise<void>
  /** The database went away or came back. */
  changed(): void
}

export function createCore<Declarations extends FlagDeclarations>(
  parts: CoreParts<Declarations>,
): MadeCore<Declarations> {
  const { project, runtime, breaker, clock, logger, declarations } = parts
  const loading = createLoading()
  const calls = trackCalls(breaker.database)
  const { fetch, lease, outbox, embeddings: models } = parts
  const nouns = loadNouns({
    ...parts,
    database: calls.database,
    fetch,
    lease,
    outbox,
    models,
    loading,
    track: calls.track,
  })
  const listeners = new Set<(status: CoreStatus) => void>()
  const closing = new AbortController()
  let closed: Promise<void> | undefined
  let flags: Flags<Declarations> | undefined
  let joining: Promise<Member | undefined> | undefined
  let session: CoreStatus['session'] = 'none'
  let since = new Date(clock.now())

  function status(): CoreStatus {
    const isUp = breaker.isUp && !closed
    return {
      state: closed ? 'closed' : isUp ? 'live' : 'degraded',
      database: isUp ? 'up' : 'down',
      ledger: isUp ? 'live' : nouns.canSpendLease && !closed ? 'lease' : 'closed',
      cache: isUp ? 'shared' : 'local',
      flags: flags?.status().state ?? 'defaults',
      session: closed ? 'none' : session,
      outbox: { waiting: nouns.waiting },
      since,
    }
  }

  function changed(): void {
    since = new Date(clock.now())
    notify()
  }

  function notify(): void {
    for (const listener of [...listeners]) {
      try {
        listener(status())
      } catch (error) {
        logger.error({ err: error }, 'a listener of the status failed')
      }
    }
  }

  /** A session needs the database, so it begins when that is there. */
  async function join(options: JoinOptions): Promise<Member | undefined> {
    session = 'opening'
    for (let failures = 1; !closing.signal.aborted; failures++) {
      try {
        await breaker.whenUp(closing.signal)
        const member = await nouns.coordinator.join(options)
        enter('open')
        return member
      } catch (error) {
        if (closing.signal.aborted) return undefined
        if (isCoreError(error) && neverOpens.includes(error.code)) {
          logger.error({ err: error }, 'the session cannot be opened, and is not tried again')
          enter('refused')
          return undefined
        }
        logger.warn({ err: error }, 'the session could not be opened; it is tried again')
        const pauseMs = fullJitterMs(failures, { ...joinPause, random: parts.random })
        await clock.sleep(pauseMs, { signal: closing.signal, unref: true }).catch(() => undefined)
      }
    }
    return undefined
  }

  function enter(next: CoreStatus['session']): void {
    session = next
    notify()
  }

  async function end(): Promise<void> {
    closing.abort(new CoreError('E_CLOSED', 'the core is closed'))
    const member = await joining
    await member?.[Symbol.asyncDispose]()
    await loading.end()
    await breaker[Symbol.asyncDispose]()
    await breaker.database.close()
    changed()
    listeners.clear()
  }

  function close(): Promise<void> {
    closed ??= Promise.resolve().then(end)
    return closed
  }

  const core: Core<Declarations> = {
    ledger: nouns.ledger,
    cache: nouns.cache,
    embeddings: nouns.embeddings,
    coordinator: nouns.coordinator,
    llm: nouns.llm,
    prices: nouns.prices,
    storage: nouns.storage,
    project,
    runtime,
    url: parts.plane?.url,
    flags: {
      get: (name, options) => requireFlags(flags).get(name, options),
      refresh: async (options) => requireFlags(flags).refresh(options),
    },
    rpc: (name, args, options) => calls.database.rpc(name, args, options),
    status,
    onStatus(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async flush(options = {}) {
      await calls.idle(options)
      await nouns.flush(options)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
  return {
    core,
    changed,
    async start() {
      await nouns.openFiles()
      if (declarations) flags = await nouns.openFlags(declarations)
      const options = parts.coordinator?.join
      if (options && runtime === 'server') joining = join(options)
    },
  }
}

const joinPause = { baseMs: 1_000, capMs: 30_000 } as const
/** What the program asks for is wrong, or its key may not: another attempt gets the same answer. */
const neverOpens: readonly string[] = ['E_INVALID', 'E_FORBIDDEN']

function requireFlags<Declarations extends FlagDeclarations>(flags: Flags<Declarations> | undefined) {
  if (flags) return flags
  throw new CoreError('E_INVALID', 'no flags are declared', {
    fix: 'Pass `declarations: declareFlags({ … })` to openCore.',
  })
}
