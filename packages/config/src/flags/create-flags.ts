import {
  type CallOptions,
  type Clock,
  CoreError,
  type Logger,
  raceSignal,
  silentLogger,
  startDeadline,
  systemClock,
} from '@core/foundation'
import type { FlagDeclarations, FlagValue } from './declare-flags.ts'
import { type FlagDatabase, flagChannel, parseFlagPage } from './flag-database.ts'
import { applyPage, type FlagFault, listFaults, noOverrides, type Overrides, resolveFlag } from './overrides.ts'

export interface FlagsDependencies<Declarations extends FlagDeclarations> {
  declarations: Declarations
  database: FlagDatabase
  /** Whose overrides hold beside those for all; left out, only the latter. */
  project?: string | undefined
  logger?: Logger
  clock?: Clock
  random?: () => number
  /** Milliseconds between two looks at the database, at most. */
  pollMs?: number
}

export interface Flags<Declarations extends FlagDeclarations> extends AsyncDisposable {
  /**
   * The value at this moment, from memory. `unit` is whatever a roll-out is shared out by: a user, a job, a tenant;
   * without one only overrides for 100 % hold.
   */
  get<Name extends keyof Declarations & string>(
    name: Name,
    options?: { unit?: string | undefined },
  ): FlagValue<Declarations[Name]>
  /**
   * Looks at the database now. For a start that must not begin on defaults, or a reader that has just written.
   * @throws CoreError of the database; E_CLOSED after `close`.
   */
  refresh(options?: CallOptions): Promise<void>
  status(): FlagsStatus
  /** Stops looking. `get` continues answering from memory. */
  close(): Promise<void>
}

/**
 * `defaults`: the database has not been reached yet. `live`: the last look succeeded. `stale`: it failed, and the last
 * known values hold. `checkedAt` is the time of the last successful look, in milliseconds since the epoch.
 */
export type FlagsStatus = Contact & {
  /** Overrides that have no effect because they do not fit their flag. */
  faults: readonly FlagFault[]
}

type Contact =
  | { state: 'defaults'; error: unknown }
  | { state: 'live'; version: number; checkedAt: number }
  | { state: 'stale'; version: number; checkedAt: number; error: unknown }

/** Time limit of one look. Short: while one hangs, no other is made. */
const loadTimeoutMs = 2_000

/**
 * Flags that follow the database: a change is seen within `pollMs`, or at once where hints arrive. Begins with the
 * declared defaults and looks in the background; its timers do not keep the process alive.
 */
export function createFlags<Declarations extends FlagDeclarations>({
  declarations,
  database,
  project,
  logger = silentLogger,
  clock = systemClock,
  random = Math.random,
  pollMs = 1_000,
}: FlagsDependencies<Declarations>): Flags<Declarations> {
  const log = logger.child({ component: 'flags', project })
  const closing = new AbortController()
  let overrides = noOverrides
  let contact: Contact = { state: 'defaults', error: undefined }
  let inFlight: Promise<void> | undefined
  let next: Promise<void> | undefined
  let hints: Promise<AsyncDisposable | undefined> | undefined

  async function load(): Promise<void> {
    using deadline = startDeadline('loading flags', { signal: closing.signal }, loadTimeoutMs)
    // After a failure the database may have been restored or replaced: what it says then is read from the start.
    let version = contact.state === 'live' ? contact.version : 0
    let loaded = contact.state === 'live' ? overrides : noOverrides
    for (let more = true; more; ) {
      const args = { p_after_version: version, ...(project !== undefined && { p_project: project }) }
      const answer = database.rpc('flag_list', args, { signal: deadline.signal })
      const page = parseFlagPage(await raceSignal(answer, deadline.signal))
      const isOlder = page.version < version
      loaded = isOlder ? noOverrides : applyPage(loaded, page, { declarations, project })
      version = isOlder ? 0 : page.version
      more = isOlder || page.more
    }
    warnOfFaults(loaded)
    if (contact.state !== 'live') {
      log.info({ version }, 'flags follow the database')
      hints ??= listen()
    }
    overrides = loaded
    contact = { state: 'live', version, checkedAt: clock.now() }
  }

  function warnOfFaults(loaded: Overrides): void {
    const known = new Set(listFaults(overrides).map((fault) => JSON.stringify(fault)))
    for (const fault of listFaults(loaded)) {
      if (!known.has(JSON.stringify(fault))) log.warn({ fault }, 'an override does not fit its flag and has no effect')
    }
  }

  async function listen(): Promise<AsyncDisposable | undefined> {
    const lookAgain = () => void look().catch(() => undefined)
    try {
      const listening = await database.listen?.(flagChannel, lookAgain, { signal: closing.signal })
      if (listening !== undefined) lookAgain() // what changed after the first look and before this gave no hint
      return listening
    } catch (error) {
      log.debug({ err: error }, 'no hints of changed flags; polling finds them')
      hints = undefined // tried again when the database has been away and is back
      return undefined
    }
  }

  /** One look at a time. Who asks during one gets the next: the present one may have read before the change. */
  function look(): Promise<void> {
    if (closing.signal.aborted) return Promise.reject(closedError())
    if (!inFlight) {
      inFlight = load()
        .catch((error: unknown) => {
          if (!closing.signal.aborted) lose(error)
          throw error
        })
        .finally(() => {
          inFlight = undefined
        })
      return inFlight
    }
    next ??= inFlight
      .catch(() => undefined)
      .then(() => {
        next = undefined
        return look()
      })
    return next
  }

  function lose(error: unknown): void {
    if (contact.state === 'live') log.warn({ err: error }, 'flags keep their last known values')
    contact =
      contact.state === 'defaults'
        ? { state: 'defaults', error }
        : { state: 'stale', version: contact.version, checkedAt: contact.checkedAt, error }
  }

  async function poll(): Promise<void> {
    while (!closing.signal.aborted) {
      await look().catch(() => undefined)
      const pauseMs = pollMs * (0.8 + 0.2 * random()) // spreads the looks of a fleet that started together
      await clock.sleep(pauseMs, { signal: closing.signal, unref: true }).catch(() => undefined)
    }
  }

  const polling = poll()

  return {
    get(name, { unit } = {}) {
      const declaration = Object.hasOwn(declarations, name) ? declarations[name] : undefined
      if (!declaration) throw new CoreError('E_INVALID', `the flag ${JSON.stringify(name)} is not declared`)
      // The overrides were checked against the declaration's schema when they were read.
      return resolveFlag(overrides, name, unit, declaration.default) as FlagValue<Declarations[typeof name]>
    },
    async refresh(options = {}) {
      using deadline = startDeadline('flags.refresh', options, 2 * loadTimeoutMs)
      await raceSignal(look(), deadline.signal)
    },
    status: () => ({ ...contact, faults: listFaults(overrides) }),
    close,
    [Symbol.asyncDispose]: close,
  }

  async function close(): Promise<void> {
    closing.abort(closedError())
    await polling
    await (await hints)?.[Symbol.asyncDispose]()
    hints = undefined
  }
}

function closedError(): CoreError {
  return new CoreError('E_CLOSED', 'the flags were closed')
}
