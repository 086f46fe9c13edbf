import type { Config } from '@core/config'
import { type Database, openDatabase } from '@core/database'
import { migrateUp } from '@core/database/migrate'
import { CoreError, type Logger } from '@core/foundation'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import manifest from '../../package.json' with { type: 'json' }
import { openKeyUses } from '../auth/key-uses.ts'
import { createKeyring } from '../auth/keyring.ts'
import { openUserTokens } from '../auth/open-user-tokens.ts'
import { createProjectDirectory } from '../auth/project-directory.ts'
import { installDrain } from '../http/drain.ts'
import { createServer } from '../http/server.ts'
import { createAdmission } from '../limits/admission.ts'
import { guardDatabase } from '../limits/database-guard.ts'
import { createOverload, startLoadMonitor } from '../limits/load-monitor.ts'
import { openRateLimits } from '../limits/rate-limits.ts'
import { startLedgerLoops } from '../nouns/ledger/loops.ts'
import { createRoutes } from '../nouns/routes.ts'
import { observeDatabase } from '../observe/database-observer.ts'
import { openErrorTracker } from '../observe/error-tracker.ts'
import { createMetrics } from '../observe/metrics.ts'
import { openMetricsServer } from '../observe/metrics-server.ts'
import { createObservation } from '../observe/observation.ts'
import { openTracing } from '../observe/open-tracing.ts'
import { createRecentHistogram } from '../observe/recent-histogram.ts'
import { createRouteTiming } from '../observe/route-timing.ts'
import { startOutboxLoops } from '../realtime/outbox-loops.ts'
import { createRealtime } from '../realtime/realtime.ts'
import { type FirstStart, fillFreshDatabase } from './first-start.ts'
import { joinReports, reportFailures } from './loop-report.ts'
import { isLoopback } from './loopback.ts'
import { createReadiness } from './readiness.ts'

export interface ControlPlaneOptions {
  readonly config: Pick<
    Config,
    | 'http'
    | 'rest'
    | 'jwt'
    | 'metrics'
    | 'tracing'
    | 'database'
    | 'limits'
    | 'overload'
    | 'background'
    | 'ownerKey'
    | 'shutdown'
  >
  readonly logger: Logger
  /** Told what the start is doing, a line at a time. Default: nobody. */
  readonly onProgress?: (line: string) => void
}

export interface ControlPlane extends AsyncDisposable {
  /** Where it listens: `http://127.0.0.1:4400`. */
  readonly url: string
  /** Where `GET /metrics` is, if it is anywhere. */
  readonly metricsPort: number | undefined
  /** The keys this start made, to be shown once. */
  readonly firstStart: FirstStart
  /** Answers what is under way, refuses what is new, then closes everything. Safe to call twice. */
  close(): Promise<void>
}

/**
 * Opens the database, brings its schema up to date, fills it if it is fresh, and listens. The only place that builds
 * things; when something fails, what was opened before is closed again.
 * @throws CoreError E_DATABASE_* as the database does, E_CONFIG_INVALID where the address is taken or unsafe.
 */
export async function startControlPlane({ config, logger, ...options }: ControlPlaneOptions): Promise<ControlPlane> {
  const { http, ownerKey } = config
  await using opened = new AsyncDisposableStack()
  const waits = createRecentHistogram()
  const direct = opened.use(await openDatabase(config.database, { logger, onWait: waits.record }))
  await migrate(direct, options.onProgress)
  const { endpoint } = config.tracing
  const tracing =
    endpoint === undefined
      ? undefined
      : opened.use(await openTracing({ settings: { ...config.tracing, endpoint }, version: manifest.version, logger }))
  const observed = observeDatabase(tracing?.observe(direct) ?? direct)
  const { database, isFull, isBreakerOpen } = guardDatabase({
    database: observed.database,
    maxCalls: config.overload.maxDatabaseCalls,
    logger,
  })
  if (!isLoopback(http.host) && ownerKey === undefined) await requireStoredOwnerKey(database, http.host)
  const firstStart = await fillFreshDatabase({ database, hasOwnerKey: ownerKey !== undefined })

  const { host, port } = config.metrics
  // Past the breaker: a scrape that is too slow must not close the API.
  const metrics =
    port === undefined ? undefined : createMetrics({ database: direct, version: manifest.version, logger })
  const { version } = manifest
  // Past the breaker, too: a failure that is written late must not close the API.
  const errors = opened.use(openErrorTracker({ database: direct, version, logger, report: metrics?.loops }))
  const report = joinReports(metrics?.loops, reportFailures(errors))

  const userTokens = config.jwt && openUserTokens(config.jwt, database)
  const uses = opened.use(openKeyUses({ database, logger, report }))
  const keyring = createKeyring({ database, ownerKey: ownerKey?.reveal(), userTokens, onUse: uses.note })
  opened.use(await database.listen('core_key', (keyId) => keyring.forget(keyId)))
  opened.use(await database.listen('core_member', (subject) => keyring.forgetUser(subject)))
  opened.use(startLedgerLoops({ database, settings: config.background, logger, report }))

  const readiness = createReadiness({ database })
  const projects = createProjectDirectory(database)
  const realtime = createRealtime({ database, projects, keyring, logger })
  opened.use(startOutboxLoops({ database, realtime, logger, report }))
  const admission = createAdmission(opened.use(openRateLimits(config.limits, { database, logger, report })))
  const loopDelays = createRecentHistogram()
  const load = opened.use(startLoadMonitor({ ...config.overload, onDelay: loopDelays.record }))
  const overload = createOverload({ load, isFull })
  const restRpc = (config.rest.rpc ?? (database.driver === 'embedded' ? 'on' : 'off')) === 'on'
  metrics?.watch({
    loopDelayMs: load.loopDelayMs,
    realtimeConnections: () => realtime.connections.count(),
    isBreakerOpen: isBreakerOpen,
  })
  const metricsPort =
    metrics && port !== undefined
      ? opened.use(await openMetricsServer({ metrics, host, port, logger })).port
      : undefined
  const timing = createRouteTiming()
  const { sealEverySeconds, balanceEverySeconds } = config.background
  const observation = createObservation({
    database,
    version,
    features: {
      metrics: metrics !== undefined,
      tracing: tracing !== undefined,
      restRpc,
      sealing: sealEverySeconds > 0,
      balancing: balanceEverySeconds > 0,
    },
    measure: () => ({
      routes: timing.routes(),
      functions: observed.functions(),
      load: observed.load(),
      waits: waits.read(),
      loopDelays: loopDelays.read(),
      isDatabaseAway: isBreakerOpen(),
    }),
  })
  const bound = createRoutes({ readiness, version, realtime, observation })
  const app = createServer({
    bound,
    database,
    keyring,
    admission,
    projects,
    overload,
    restRpc,
    tracing,
    observers: [timing.record, ...(metrics ? [metrics.requests] : [])],
    errors,
    limits: http,
    realtime,
    logger,
  })
  opened.defer(() => app.close())
  installDrain(app, { graceMs: config.shutdown.graceMs })
  const url = await listen(app, http)
  logger.info({ url, metricsPort, driver: database.driver, version: manifest.version }, 'listening')

  const owned = opened.move()
  let closing: Promise<void> | undefined
  const close = () => {
    readiness.stop()
    closing ??= owned.disposeAsync()
    return closing
  }
  return { url, metricsPort, firstStart, close, [Symbol.asyncDispose]: close }
}

/** Supabase's own API runs no migrations: there the Supabase CLI does. */
async function migrate(database: Database, onProgress: (line: string) => void = () => {}): Promise<void> {
  if (database.driver === 'supabase') return
  const { applied } = await migrateUp({
    database,
    onProgress: ({ index, total, version, name }) => onProgress(`migrating ${index}/${total} ${version}_${name}`),
  })
  if (applied.length > 0) onProgress(`migrated: ${applied.length} applied`)
}

/** Off loopback a first start would print the owner key into the log of who knows where. */
async function requireStoredOwnerKey(database: Database, host: string): Promise<void> {
  const keys = z.object({ keys: z.array(z.object({ status: z.string() })) })
  const { keys: owned } = keys.parse(await database.rpc('key_list', { p_project: null }))
  if (owned.some(({ status }) => status === 'active')) return
  throw new CoreError('E_CONFIG_INVALID', `listening on ${host} needs an owner key, and there is none`, {
    fix: 'Set CORE_OWNER_KEY to a long random text, or start once on 127.0.0.1 and keep the key it shows.',
    details: { variable: 'CORE_OWNER_KEY' },
  })
}

async function listen(app: FastifyInstance, { host, port }: Config['http']): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code !== 'EADDRINUSE' && code !== 'EADDRNOTAVAIL' && code !== 'EACCES') throw cause
    throw new CoreError('E_CONFIG_INVALID', `cannot listen on ${host} port ${port}: ${code}`, {
      cause,
      fix: 'Stop what listens there, or set CORE_HTTP_PORT or CORE_HTTP_HOST to something else.',
      details: { variable: code === 'EADDRNOTAVAIL' ? 'CORE_HTTP_HOST' : 'CORE_HTTP_PORT' },
    })
  }
  const address = app.server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  return `http://${reachable(host)}:${taken}`
}

/** What to write into an address bar: the wildcard addresses are not one. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
