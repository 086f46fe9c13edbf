import { buildVectorIndex, type VectorIndexTarget } from '@core/database'
import { type CallOptions, systemClock } from '@core/foundation'
import manifest from '../../package.json' with { type: 'json' }
import { openKeyring } from '../auth/open-keyring.ts'
import { createProjectDirectory } from '../auth/project-directory.ts'
import { installDrain } from '../http/drain.ts'
import { createLongPolls } from '../http/long-polls.ts'
import { createServer } from '../http/server.ts'
import { createAdmission } from '../limits/admission.ts'
import { createOverload, startLoadMonitor } from '../limits/load-monitor.ts'
import { openRateLimits } from '../limits/rate-limits.ts'
import { nouns as createNouns } from '../nouns.ts'
import { openErrorTracker } from '../observe/error-tracker.ts'
import { createMetrics } from '../observe/metrics.ts'
import { openMetricsServer } from '../observe/metrics-server.ts'
import { createObservation } from '../observe/observation.ts'
import { openTracing } from '../observe/open-tracing.ts'
import { createRecentHistogram } from '../observe/recent-histogram.ts'
import { createRouteTiming } from '../observe/route-timing.ts'
import { followCredentials } from '../realtime/follow-credentials.ts'
import { createRealtime } from '../realtime/realtime.ts'
import { createVault } from '../vault/vault.ts'
import type { ControlPlane, ControlPlaneOptions } from './control-plane.ts'
import {
  describeInstalled,
  exampleInstallation,
  exampleProjects,
  installProjects,
  isFreshExample,
  makeFirstKeys,
  priceLocalModel,
} from './first-start.ts'
import { listen } from './listen.ts'
import { createListenerIdentity } from './listener-identity.ts'
import { startLoop } from './loop.ts'
import { joinReports, reportFailures } from './loop-report.ts'
import { isLoopback } from './loopback.ts'
import { modelCallsOf, type Noun } from './noun.ts'
import { openGuardedDatabase } from './open-guarded-database.ts'
import { createReadiness } from './readiness.ts'
import { requireStoredOwnerKey } from './require-owner-key.ts'

/**
 * Opens the database, brings its schema up to date, fills it if it is fresh, and listens. The only place that builds
 * things; when something fails, what was opened before is closed again.
 * @throws CoreError E_DATABASE_* as the database does, E_CONFIG_INVALID where the address is taken or unsafe.
 */
export async function startControlPlane({
  config,
  logger,
  onProgress = () => {},
}: ControlPlaneOptions): Promise<ControlPlane> {
  const { version } = manifest
  const { http, ownerKey } = config
  await using opened = new AsyncDisposableStack()
  const tracing =
    config.tracing.endpoint === undefined
      ? undefined
      : opened.use(
          await openTracing({ settings: { ...config.tracing, endpoint: config.tracing.endpoint }, version, logger }),
        )
  const store = opened.use(await openGuardedDatabase({ config, tracing, logger, onProgress }))
  const { database, unguarded } = store
  if (!isLoopback(http.host) && ownerKey === undefined) await requireStoredOwnerKey(database, http.host)
  // Example data only where no database was configured; elsewhere an operator chooses, with `core init`.
  const hasExample = database.driver === 'embedded' && (await isFreshExample(database))
  if (hasExample) {
    await installProjects(database, exampleInstallation)
    await priceLocalModel(database)
  }

  let publicUrl = http.publicUrl?.replace(/\/+$/, '') ?? ''
  const metrics = config.metrics.port === undefined ? undefined : createMetrics({ driver: database.driver, version })
  const errors = opened.use(openErrorTracker({ database: unguarded, version, logger, report: metrics?.loops }))
  const report = joinReports(metrics?.loops, reportFailures(errors))
  const keyring = opened.use(openKeyring({ database, config, publicUrl: () => publicUrl, logger, report }))
  const limits = opened.use(openRateLimits(config.limits, { database, logger, report }))
  const loopDelays = createRecentHistogram()
  const load = opened.use(startLoadMonitor({ ...config.overload, onDelay: loopDelays.record }))
  const timing = createRouteTiming()
  const readiness = createReadiness({ database, logger })
  const identity = createListenerIdentity(config.database, logger)
  const projects = createProjectDirectory(database)
  const realtime = createRealtime({ database, projects, keyring, logger })
  opened.use(await followCredentials({ database, keyring, connections: realtime.connections }))
  const restRpc = config.rest.rpc === 'on'
  const observation = createObservation({
    database,
    version,
    features: () => {
      const own = { metrics: metrics !== undefined, tracing: tracing !== undefined, restRpc }
      return Object.assign(own, ...nouns.map(({ features = {} }) => features))
    },
    measure: () => ({
      routes: timing.routes(),
      functions: store.observed.functions(),
      load: store.observed.load(),
      waits: store.waits.read(),
      loopDelays: loopDelays.read(),
      isDatabaseAway: store.isBreakerOpen(),
    }),
  })

  const longPolls = opened.use(createLongPolls({ database, clock: systemClock, logger }))
  const kernel = {
    version,
    config,
    logger,
    clock: systemClock,
    database,
    unguarded,
    // A build may take an hour, in which requests are answered.
    buildVectorIndex: (target: VectorIndexTarget, call: CallOptions) =>
      buildVectorIndex(unguarded, target, { ...call, spare: 1 }),
    keyring,
    realtime,
    readiness,
    observation,
    longPolls,
    modelCalls: modelCallsOf(() => nouns),
    vault: createVault(config, database),
    prove: identity.prove,
    publicUrl: () => publicUrl,
  }
  let isClosing = false
  const nouns: readonly Noun[] = createNouns.map((create) => create(kernel))
  for (const noun of nouns) {
    opened.defer(() => noun.close?.())
    for (const loop of noun.loops ?? []) opened.use(startLoop({ ...loop, logger, report, isClosing: () => isClosing }))
    if (metrics) noun.metrics?.(metrics.registry)
  }
  metrics?.watch({
    loopDelayMs: load.loopDelayMs,
    realtimeConnections: () => realtime.connections.count(),
    waitingRequests: () => longPolls.waiting,
    isBreakerOpen: store.isBreakerOpen,
  })
  const metricsServer =
    metrics &&
    opened.use(await openMetricsServer({ metrics, host: config.metrics.host, port: config.metrics.port ?? 0, logger }))
  const app = createServer({
    nouns,
    database,
    keyring,
    admission: createAdmission(limits),
    projects,
    overload: createOverload({ load, isFull: store.isFull }),
    restRpc,
    tracing,
    observers: [timing.record, ...(metrics ? [metrics.requests] : [])],
    errors,
    http,
    realtime,
    logger,
  })
  opened.defer(() => app.close())
  opened.defer(() => {
    isClosing = true // disposed of first: what is closed next ends work of loops
  })
  let acceptMs = 0
  installDrain(app, { graceMs: config.shutdown.graceMs, acceptMs: () => acceptMs })
  const url = await listen(app, http)
  identity.listensAt(url)
  publicUrl ||= url
  logger.info({ url, metricsPort: metricsServer?.port, driver: database.driver, version }, 'listening')

  // Secrets come last: whatever fails before, the next start makes them.
  const firstStart = hasExample
    ? await makeFirstKeys(database, { projects: exampleProjects, hasOwnerKey: ownerKey !== undefined })
    : await describeInstalled(database)

  const owned = opened.move()
  let closing: Promise<void> | undefined
  const close: ControlPlane['close'] = (options = {}) => {
    readiness.stop()
    longPolls.end()
    acceptMs = options.acceptMs ?? 0
    closing ??= owned.disposeAsync()
    return closing
  }
  return { url, publicUrl, metricsPort: metricsServer?.port, firstStart, close, [Symbol.asyncDispose]: () => close() }
}
