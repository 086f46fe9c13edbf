import { generateApiKey, type Scope } from '@core/api'
import { type JwtSettings, loadConfig } from '@core/config'
import type { Database } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { type Logger, silentLogger, systemClock, uuidv7 } from '@core/foundation'
import { Registry } from '@platformatic/prom-client'
import type { FastifyInstance } from 'fastify'
import { expect } from 'vitest'
import { createKeyring } from '../src/auth/keyring.ts'
import { createLoginCookie } from '../src/auth/login-cookie.ts'
import { createLogins } from '../src/auth/logins.ts'
import { openUserTokens } from '../src/auth/open-user-tokens.ts'
import { createProjectDirectory } from '../src/auth/project-directory.ts'
import { createLongPolls } from '../src/http/long-polls.ts'
import { createServer } from '../src/http/server.ts'
import { createAdmission } from '../src/limits/admission.ts'
import { createOwnRateLimits, type RateSettings } from '../src/limits/rate-limits.ts'
import { nouns } from '../src/nouns.ts'
import { type ErrorTracker, openErrorTracker } from '../src/observe/error-tracker.ts'
import { type Kernel, modelCallsOf, type Noun } from '../src/process/noun.ts'
import { createReadiness } from '../src/process/readiness.ts'
import { followCredentials } from '../src/realtime/follow-credentials.ts'
import { createRealtime, type Realtime, type RealtimeDependencies } from '../src/realtime/realtime.ts'
import { createVault } from '../src/vault/vault.ts'
import { findOddTimes, noteSentTimes } from './find-odd-times.ts'
import { findUndeclared } from './find-undeclared.ts'
import { watchServer } from './observing.ts'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  /** Parsed where it is JSON, else the text. */
  readonly body: Record<string, unknown> & { readonly [key: string]: never | unknown }
  readonly text: string
}

export interface Send {
  readonly key?: string | undefined
  readonly body?: unknown
  /** Default: a new one on every POST; null sends none. */
  readonly idempotencyKey?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

export interface ServedDatabase extends AsyncDisposable {
  readonly app: FastifyInstance
  readonly kernel: Kernel
  readonly realtime: Realtime
  readonly errors: ErrorTracker
  /** Runs a background loop once, by its name. */
  runLoop(name: string): Promise<unknown>
  readonly owner: string
  /** Keys with every default scope of their project. */
  readonly keys: { readonly smart_layer: string; readonly manus_origin: string }
  send(method: string, path: string, options?: Send): Promise<Reply>
  /** A key of a project with these scopes, or the defaults. */
  makeKey(project: string, scopes?: readonly Scope[]): Promise<string>
  /** What the nouns count, as Prometheus reads it. */
  metrics(): Promise<string>
  /** The ledger's own audit; every test of bad input ends with it. */
  audit(): Promise<unknown>
}

export interface TestServer extends ServedDatabase {
  readonly test: TestDatabase
}

/** More than any test sends. */
const plenty = { requests: 1_000_000, windowSeconds: 60 }
export const unlimited = { credential: plenty, anonymous: plenty, failedAuthentication: plenty }

export const ownerKey = 'owner-key-of-the-tests-0123456789'

/** The first seals, both open. */
export const secretsKeys = ['A'.repeat(43), 'B'.repeat(43)] as const

type ServeOptions = Pick<RealtimeDependencies, 'limits' | 'pollEveryMs'> & {
  readonly jwt?: JwtSettings
  /** Variables of its configuration. */
  readonly env?: Readonly<Record<string, string>>
  /** The database has what the first server of a test has put there. */
  readonly isFilled?: true
  /** Whether requests may wait for something. Default: each is answered at once. */
  readonly waits?: true
}

/** The server as it runs, on a database of its own: a pool of 1,000 credits and two projects that draw on it. */
export async function openTestServer(
  logger: Logger = silentLogger,
  rates: RateSettings = unlimited,
  options: ServeOptions = {},
): Promise<TestServer> {
  const test = await createTestDatabase()
  const served = await serveDatabase(test.database, logger, rates, options)
  return {
    ...served,
    test,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      await test.drop()
    },
  }
}

/** The same on a database that is there and migrated. It stays open. */
export async function serveDatabase(
  direct: Database,
  logger: Logger = silentLogger,
  rates: RateSettings = unlimited,
  { jwt, env = {}, isFilled, ...options }: ServeOptions = {},
): Promise<ServedDatabase> {
  const { database, timing, observation } = watchServer(direct)
  const errors = openErrorTracker({ database, version: '0.0.0', logger })
  const admission = createAdmission(createOwnRateLimits(rates))
  const config = loadConfig({
    env: { CORE_SECRETS_KEY: secretsKeys.join(','), CORE_STORAGE_PROVIDER: 'memory', ...env },
    cwd: import.meta.dirname,
  })
  const publicUrl = () => config.http.publicUrl ?? 'http://127.0.0.1:4400'
  const logins = createLogins({ database, settings: config.auth, ownerKey, cookie: createLoginCookie(publicUrl) })
  const keyring = createKeyring({ database, ownerKey, userTokens: jwt && openUserTokens(jwt, database), logins })
  const projects = createProjectDirectory(database)
  const realtime = createRealtime({ database, projects, keyring, logger, ...options })
  const following = await followCredentials({ database, keyring, connections: realtime.connections })
  const readiness = createReadiness({ database })
  const longPolls = createLongPolls({ database, clock: systemClock, logger })
  if (!options.waits) longPolls.end()
  const kernel = {
    version: '0.0.0',
    config,
    logger,
    clock: systemClock,
    database,
    unguarded: direct,
    keyring,
    realtime,
    readiness,
    observation,
    longPolls,
    modelCalls: modelCallsOf(() => served),
    vault: createVault(config, database),
    buildVectorIndex: async () => undefined,
    prove: () => undefined,
    publicUrl,
  }
  const served: readonly Noun[] = nouns.map((create) => create(kernel))
  const app = createServer({
    nouns: served,
    database,
    keyring,
    admission,
    projects,
    overload: () => undefined,
    restRpc: true,
    http: config.http,
    observers: [timing.record],
    errors,
    realtime,
    logger,
  })
  // As the drain of the process ends: fetch opens connections that it does not use, and Node alone waits for them.
  app.addHook('preClose', async () => app.server.closeAllConnections())
  await app.ready()

  async function makeKey(project: string, scopes?: readonly Scope[]): Promise<string> {
    const { secret, hash, hint } = generateApiKey('test')
    await database.rpc('key_create', {
      p_key: uuidv7(),
      p_hash: hash,
      p_hint: hint,
      p_project: project,
      ...(scopes === undefined ? {} : { p_caps: scopes }),
    })
    return secret
  }

  if (!isFilled) await fill(database)
  const keys = { smart_layer: await makeKey('smart_layer'), manus_origin: await makeKey('manus_origin') }

  async function send(method: string, path: string, options: Send = {}): Promise<Reply> {
    const { key, body, idempotencyKey = method === 'POST' ? uuidv7() : null, headers = {} } = options
    const payload = typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body)
    noteSentTimes(path.replaceAll(/%3a/gi, ':'), payload ?? '')
    const response = await app.inject({
      method: method as 'GET',
      url: path,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload === undefined ? {} : { payload }),
    })
    const isJson = response.body !== '' && /json/.test(String(response.headers['content-type']))
    const answer = isJson ? JSON.parse(response.body) : {}
    expect(findOddTimes(answer), `${method} ${path}`).toEqual([])
    expect(findUndeclared(method, path, response.statusCode, answer['code'])).toBeUndefined()
    return {
      status: response.statusCode,
      headers: response.headers,
      body: answer,
      text: response.body,
    }
  }

  return {
    app,
    kernel,
    realtime,
    errors,
    owner: ownerKey,
    keys,
    send,
    makeKey,
    metrics() {
      const registry = new Registry()
      for (const noun of served) noun.metrics?.(registry)
      return registry.metrics()
    },
    audit: () => database.rpc('ledger_audit', {}),
    runLoop: async (name) => {
      const loop = served.flatMap(({ loops = [] }) => loops).find((one) => one.name === name)
      if (loop === undefined) throw new Error(`there is no loop ${name}`)
      return await loop.work(new AbortController().signal)
    },
    async [Symbol.asyncDispose]() {
      longPolls.end()
      await app.close()
      for (const noun of served) await noun.close?.()
      await longPolls[Symbol.asyncDispose]()
      await following[Symbol.asyncDispose]()
      await errors[Symbol.asyncDispose]()
    },
  }
}

async function fill(database: Pick<Database, 'rpc'>): Promise<void> {
  await database.rpc('ledger_account_open', { p_key: uuidv7(), p_account: 'pool', p_kind: 'pool' })
  await database.rpc('ledger_grant', { p_key: uuidv7(), p_account: 'pool', p_amount: 1_000_000_000 })
  for (const name of ['smart_layer', 'manus_origin']) {
    await database.rpc('project_register', { p_name: name })
    await database.rpc('ledger_account_open', {
      p_key: uuidv7(),
      p_account: name,
      p_parent: 'pool',
      p_funding: 'parent',
    })
  }
}
