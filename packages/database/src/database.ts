import type { CallOptions } from '@core/foundation'
import type { CoreFunctions } from './generated/functions.ts'
import type { Json, JsonInput } from './json.ts'

export type RpcName = keyof CoreFunctions & string
export type RpcArgs<Name extends RpcName> = CoreFunctions[Name]['args']
export type RpcResult<Name extends RpcName> = CoreFunctions[Name]['result']

/** Binds one call to a project and its scopes, as a JWT does behind PostgREST. Without claims the owner acts. */
export interface MemberClaims {
  readonly role: 'core_member'
  readonly project: string
  /** `project` names an account outside every project. Only for the owner: all others act within projects. */
  readonly root?: true | undefined
  /** Scopes such as `ledger:spend`. */
  readonly caps: readonly string[]
  /** Who acts, for journals and audit rows. */
  readonly sub: string
  /** By which request, for journals and audit rows. */
  readonly requestId?: string | undefined
  /** The same for each operation of a `ledger_batch` that holds the calls of several requests. */
  readonly requestIds?: readonly string[] | undefined
}

/**
 * Names who acts as the owner, and by which request. It grants nothing: such a call has the rights of the connection's
 * own role, like one without claims, and is refused where that role has none.
 */
export interface OwnerClaims {
  readonly role: 'owner'
  readonly sub: string
  readonly requestId?: string | undefined
}

export type Claims = MemberClaims | OwnerClaims

export interface RpcOptions extends CallOptions {
  /** Set for this transaction only. */
  claims?: Claims | undefined
  /**
   * Whether the call may be sent again after its connection was lost without an answer. Default true: functions of
   * core_api take a key, or may run twice without harm. Set false for one that may not.
   */
  repeatable?: boolean | undefined
}

export interface DatabaseHealth {
  status: 'up' | 'down'
  /** Milliseconds of one round trip, or until the failure. */
  latencyMs: number
  serverVersion?: string
  /** The code of the failure when down. */
  code?: string
  message?: string
}

/** How much of a back end is in use at this moment. */
export interface DatabaseLoad {
  /** Statements that run, or were sent and are not answered. */
  running: number
  /** Calls that wait for a connection of the pool, or for their turn before the embedded database. */
  waiting: number
  /** How many can run at once; null for the drivers http and supabase, which leave that to their server. */
  capacity: number | null
}

export type DatabaseConfig = EmbeddedConfig | PostgresConfig | SupabaseConfig | HttpConfig

interface CallLimits {
  /** Time limit of a call that names none, in milliseconds, retries included. Default 10,000. */
  timeoutMs?: number | undefined
}

export interface EmbeddedConfig extends CallLimits {
  driver: 'embedded'
  /** Folder of Core's data; the database lives in `data` below it. `memory` keeps nothing. */
  dataDir: string
}

export interface PostgresConfig extends CallLimits {
  driver: 'postgres'
  /** postgres://user:password@host:port/database; a direct connection or a pooler in any mode. */
  url: string
  /** Connections at most. Default 10. */
  poolSize?: number | undefined
}

export interface SupabaseConfig extends CallLimits {
  driver: 'supabase'
  /** https://<project>.supabase.co, or a control plane that serves /rest/v1. */
  url: string
  /** The service role's key, or a JWT with the role core_member. */
  key: string
  /** What the gateway of a Supabase project asks for beside a JWT: its publishable or anon key. Default: `key`. */
  apiKey?: string | undefined
}

export interface HttpConfig extends CallLimits {
  driver: 'http'
  /** https://core.example.com, a control plane or anything that serves PostgREST; http on this machine alone. */
  url: string
  /** The key of a project or of the owner; a function is asked before each call, for keys that expire. */
  key: string | (() => string | Promise<string>)
  /** What the gateway of a Supabase project asks for beside a JWT: its publishable or anon key. Default: `key`. */
  apiKey?: string | undefined
  /** Sends the requests. Default: the platform's. */
  fetch?: typeof fetch | undefined
}

/** Typed calls to the functions of core_api. Every call is one round trip and one transaction. */
export interface Database extends AsyncDisposable {
  readonly driver: DatabaseConfig['driver']

  /**
   * Calls a function of core_api. Denials are part of the result; misuse and failures are thrown as CoreError.
   * Lock conflicts and lost connections are sent again within the deadline.
   */
  rpc<Name extends RpcName>(name: Name, args: RpcArgs<Name>, options?: RpcOptions): Promise<RpcResult<Name>>

  /** The same for a gateway that forwards names it does not know. Prefer `rpc`. */
  call(name: string, args: Readonly<Record<string, JsonInput>>, options?: RpcOptions): Promise<Json>

  /**
   * Calls `onHint` when the database notifies the channel. Hints may be lost or repeated; after a lost connection
   * one arrives with an empty payload. The tables are authoritative. The drivers http and supabase deliver none.
   */
  listen(channel: string, onHint: (payload: string) => void, options?: CallOptions): Promise<AsyncDisposable>

  /** One round trip. An unreachable database is an answer, not an error. */
  health(options?: CallOptions): Promise<DatabaseHealth>

  /** What this process has running and waiting. Sends no query. */
  load(): DatabaseLoad

  /** Refuses new calls, lets those in flight finish (5 s at most), frees everything. Safe to call twice. */
  close(): Promise<void>
}
