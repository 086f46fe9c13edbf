import type { CloseCode, RealtimeLimits } from '@core/api'
import { type Clock, isCoreError, type Logger, systemClock } from '@core/foundation'
import type { Keyring } from '../auth/keyring.ts'
import { haveSameRoles, type Principal } from '../auth/principal.ts'

/** A client that receives events, over a WebSocket or an event stream. */
export interface Connection {
  /** Says goodbye with the reason and when to come back, and closes. */
  end(code: CloseCode, reason: string, retryAfterMs: number | null): void
  /** Cuts the line. */
  destroy(): void
  /** Called every `pingEveryMs`: asks whether the other side lives, and gives up on it if it did not answer last time. */
  beat(): void
  /** Sends on what had to wait. True when something still waits. */
  flush(): boolean
}

export interface Connections extends AsyncDisposable {
  readonly isDraining: boolean
  /** Counts a connection in, or says why there is no room for it. */
  add(connection: Connection, principal: Principal, token: string): Admission
  /** Counts one in that has yet to say who it is; undefined where too many do. */
  addUnknown(connection: Connection): Disposable | undefined
  /** From now on `flush` is called until nothing waits. */
  markCongested(connection: Connection): void
  /** Resolves the credential of a subject again: closes its connections where it is refused or its roles have changed. */
  verifyCredential(subject: string): void
  /** The same for the connections of one login. */
  verifyLogin(id: string): void
  /** Sets when the credential of a subject expires; its connections are closed then. */
  setExpiry(subject: string, expiresAt: string): void
  /** Closes the connections of a subject whose credential was revoked. */
  revoke(subject: string): void
  /** Closes all connections, each with another moment to reconnect, and accepts no new ones. */
  drain(): void
  count(): number
}

export type Admission =
  | { readonly status: 'admitted'; readonly place: Disposable }
  | { readonly status: 'too_many_of_credential' | 'too_many' | 'draining' }

interface Member {
  readonly principal: Principal
  readonly token: string
  expiresAtMs: number
}

export interface ConnectionsDependencies {
  readonly keyring: Pick<Keyring, 'resolve'>
  readonly limits: RealtimeLimits
  readonly logger: Logger
  readonly clock?: Clock
  readonly random?: () => number
}

const sweepEveryMs = 1000
/** The end of a credential comes as an event or a hint; this finds one that did not arrive. */
const verifyEverySweeps = 30
const flushEveryMs = 50

export function createConnections({ keyring, limits, logger, ...options }: ConnectionsDependencies): Connections {
  const { clock = systemClock, random = Math.random } = options
  const members = new Map<Connection, Member>()
  const unknown = new Set<Connection>()
  const congested = new Set<Connection>()
  const perSubject = new Map<string, number>()
  let isDraining = false
  let sweeps = 0
  let lastBeatMs = clock.monotonic()

  const sweeper = setInterval(sweep, sweepEveryMs)
  sweeper.unref()
  let flusher: NodeJS.Timeout | undefined

  function sweep(): void {
    sweeps++
    const nowMs = clock.now()
    for (const [connection, { expiresAtMs }] of members) {
      if (expiresAtMs <= nowMs) connection.end(4401, 'the credential has expired', null)
    }
    if (sweeps % verifyEverySweeps === 0) void verify([...members])
    if (clock.monotonic() - lastBeatMs < limits.pingEveryMs) return
    lastBeatMs = clock.monotonic()
    for (const connection of members.keys()) connection.beat()
  }

  /** Resolves each credential again, once for all its connections, and closes those it no longer allows. */
  async function verify(concerned: readonly (readonly [Connection, Member])[]): Promise<void> {
    for (const [token, same] of Map.groupBy(concerned, ([, member]) => member.token)) {
      try {
        const now = await keyring.resolve(token)
        for (const [connection, member] of same) {
          member.expiresAtMs = toEndMs(now.expiresAt)
          if (!haveSameRoles(now, member.principal)) endForRoles(connection)
        }
      } catch (error) {
        if (isCoreError(error, 'E_ISSUER_UNAVAILABLE')) continue // the others are not of it
        if (!isCoreError(error, 'E_UNAUTHENTICATED')) return // the database is away: no reason to close connections
        for (const [connection] of same) connection.end(4401, error.message, null)
      }
    }
  }

  function verifyThose(concerns: (principal: Principal) => boolean): void {
    void verify([...members].filter(([, { principal }]) => concerns(principal)))
  }

  /** Decisions made when it connected may be wrong now; it reconnects and they are made again. */
  function endForRoles(connection: Connection): void {
    connection.end(1012, 'the roles of this user have changed', Math.round(random() * 500))
  }

  function flush(): void {
    for (const connection of congested) if (!connection.flush()) congested.delete(connection)
    if (congested.size > 0) return
    clearInterval(flusher)
    flusher = undefined
  }

  return {
    get isDraining() {
      return isDraining
    },
    count: () => members.size + unknown.size,
    add(connection, principal, token) {
      const { subject, expiresAt } = principal
      const held = perSubject.get(subject) ?? 0
      if (isDraining) return { status: 'draining' }
      if (members.size >= limits.maxConnections) return { status: 'too_many' }
      if (held >= limits.maxConnectionsPerCredential) return { status: 'too_many_of_credential' }
      perSubject.set(subject, held + 1)
      const member = { principal, token, expiresAtMs: toEndMs(expiresAt) }
      members.set(connection, member)
      // It may have ended between its check and this moment. What is cached still is answered without a call.
      void verify([[connection, member]])
      return {
        status: 'admitted',
        place: {
          [Symbol.dispose]() {
            if (!members.delete(connection)) return
            congested.delete(connection)
            const left = (perSubject.get(subject) ?? 1) - 1
            if (left === 0) perSubject.delete(subject)
            else perSubject.set(subject, left)
          },
        },
      }
    },
    addUnknown(connection) {
      if (isDraining || unknown.size >= limits.maxUnauthenticated) return undefined
      unknown.add(connection)
      return { [Symbol.dispose]: () => void unknown.delete(connection) }
    },
    markCongested(connection) {
      congested.add(connection)
      flusher ??= setInterval(flush, flushEveryMs)
    },
    verifyCredential: (subject) => verifyThose((principal) => principal.subject === subject),
    verifyLogin: (id) => verifyThose(({ login }) => login?.id === id),
    setExpiry(subject, expiresAt) {
      for (const member of members.values()) {
        if (member.principal.subject === subject) member.expiresAtMs = Date.parse(expiresAt)
      }
    },
    revoke(subject) {
      for (const [connection, { principal }] of members) {
        if (principal.subject === subject) connection.end(4401, 'the credential was revoked', null)
      }
    },
    drain() {
      if (isDraining) return
      isDraining = true
      const all = [...members.keys(), ...unknown]
      if (all.length > 0) logger.info({ component: 'realtime', connections: all.length }, 'closing client connections')
      // 1,000 a second: what another server takes without noticing.
      const spreadMs = Math.min(10_000, Math.max(500, all.length))
      for (const connection of all) {
        connection.end(1012, 'the server shuts down', Math.round(random() * spreadMs))
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sweeper)
      clearInterval(flusher)
      for (const connection of [...members.keys(), ...unknown]) connection.destroy()
    },
  }
}

function toEndMs(expiresAt: string | null): number {
  return expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt)
}
