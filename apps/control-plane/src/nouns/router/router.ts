import { join } from 'node:path'
import { callable, routerCool, routerRecover, routerSweep } from '@core/api/functions'
import { createProviderResponses, createProviderTransports, createRouter, createStoredResponses } from '@core/router'
import { createAddressGuard } from '../../http/address-guard.ts'
import type { CreateNoun } from '../../process/noun.ts'
import { untilNoneLeft } from '../../process/until-none-left.ts'
import { atMostEvery } from './at-most-every.ts'
import { createCachedAnswers } from './cached-answers.ts'
import { createCallContents } from './call-contents.ts'
import { createCallLog } from './call-log.ts'
import { createCallerLedgers } from './caller-ledgers.ts'
import { embedTexts, isCommon } from './embed-texts.ts'
import { installGateway } from './gateway.ts'
import { createKeptAnswers } from './kept-answers.ts'
import { createKeptResponses } from './kept-responses.ts'
import { createRouterMetrics } from './metrics.ts'
import { createPriceBooks } from './price-books.ts'
import { createProviderKeys } from './provider-keys.ts'
import { createRefusals } from './refusals.ts'
import { routerRoutes } from './routes.ts'
import { createRoutingTable } from './routing-table.ts'
import { openSettleSpool } from './settle-spool.ts'

const snapshotEveryMs = 2_000
const missingEveryMs = 250
const flushEveryMs = 1_000
const recoverEveryMs = 60_000
const recoveredAtOnce = 100
const sweepEveryMs = 60_000
const sweptAtOnce = 10_000

/** Model calls: where they go, what they cost, and the addresses that clients call. */
export const router: CreateNoun = ({ database, config, logger, clock, vault }) => {
  const table = createRoutingTable(database, { llm: config.llm, clock, logger })
  const { unknown } = config.price
  const { crash, recoverAfterSeconds, callDays } = config.router
  const books = createPriceBooks(database, { version: () => table.priceVersion, unknown, clock, logger })
  const calls = createCallLog(database, logger)
  const contents = createCallContents(database, vault, logger)
  const metrics = createRouterMetrics()
  const ledgers = createCallerLedgers(database)
  const spool = openSettleSpool(config.router.spoolFile ?? join(config.dataDir, 'model-settles'), { ledgers, logger })
  const cool = callable(database, routerCool)
  const recover = callable(database, routerRecover)
  const sweep = callable(database, routerSweep)
  const underWay = new Set<Promise<void>>()
  const guard = createAddressGuard(config.router.privateHosts, 'CORE_ROUTER_PRIVATE_HOSTS')
  const routing = () => table.current()
  const keys = createProviderKeys({ vault, llm: config.llm })
  const providers = { guard, keyOf: keys.keyOf }
  const refusals = createRefusals({ routing, keys })
  const responses = createKeptResponses(database, vault)
  const service = createRouter({
    routing,
    prices: (project) => books.of(project),
    refresh: atMostEvery(missingEveryMs, clock, () => follow().catch(warn)),
    transports: createProviderTransports({ ...providers, onRefused: refusals.note }),
    keepUnsettled: (unsettled) => spool.keep(unsettled),
    answers: createKeptAnswers(database, vault),
    responses,
    cache: createCachedAnswers(database, vault),
    onCall(record) {
      metrics.count(record)
      calls.add(record)
    },
    onContent: contents.add,
    onCool({ target, ms, reason }) {
      metrics.cooled(reason)
      const facts = { component: 'router', target, ms, reason }
      if (reason === 'auth') {
        logger.error(facts, "a provider refuses this gateway: check the provider's secret, and its credit there")
        // Not shared: each process learns it from one call of its own, and a new key ends it in each.
        refusals.add(target)
        return
      }
      logger.warn(facts, 'a model target is cooled')
      cool({ target, ms: Math.ceil(ms), reason }).catch((error: unknown) => {
        logger.debug({ component: 'router', err: error }, 'a cooling could not be shared')
      })
    },
    clock,
    logger,
  })

  /** What has changed elsewhere: routes, prices, coolings, and keys that were refused. */
  async function follow(signal?: AbortSignal): Promise<void> {
    for (const { target, ms, reason } of await table.refresh(signal)) service.health.cool(target, ms, reason)
    const isCooling = (target: string) => service.health.read(target).coolingMs > 0
    for (const target of await refusals.ended(isCooling)) service.health.release(target)
  }

  function warn(error: unknown): void {
    logger.warn({ component: 'router', err: error }, 'routes of models cannot be read; the last known apply')
  }

  function track<Value>(call: Promise<Value>): Promise<Value> {
    const ended = () => void underWay.delete(tracked)
    const tracked: Promise<void> = call.then(ended, ended)
    underWay.add(tracked)
    return call
  }

  return {
    modelCalls: {
      embed: (call) => track(embedTexts({ router: service, ledgers, routing }, call)),
      isCommon: async (project, model) => isCommon(await routing(), project, model),
    },
    routes: routerRoutes({
      explain: service.explain,
      refresh: table.refresh,
      routing,
      prices: (project) => books.of(project),
      clock,
      contents,
    }),
    install: (app, door) =>
      installGateway(app, door, {
        router: service,
        stored: createStoredResponses({ responses, ask: createProviderResponses(providers), routing, logger }),
        ledgers,
        routing,
        clock,
        track,
      }),
    loops: [
      {
        name: 'follow model routes',
        everyMs: snapshotEveryMs,
        work: follow,
      },
      {
        name: 'write model calls',
        everyMs: flushEveryMs,
        work: async (signal) => (await calls.flush(signal)) + (await contents.flush(signal)),
      },
      {
        name: 'recover model calls',
        everyMs: recoverEveryMs,
        work: (signal) =>
          untilNoneLeft(recoveredAtOnce, signal, async () => {
            const charge = { limit: recoveredAtOnce, afterS: recoverAfterSeconds, crash }
            return (await recover(charge, { signal })).recovered
          }),
      },
      {
        name: 'sweep model calls',
        everyMs: sweepEveryMs,
        // As long as there is something old: however many calls a day has, what is kept of them does not grow without end.
        async work(signal) {
          let removed = 0
          for (let isOldLeft = true; isOldLeft; ) {
            const swept = await sweep({ limit: sweptAtOnce, days: callDays }, { signal })
            removed += swept.removed
            isOldLeft = swept.remaining
          }
          return removed
        },
      },
    ],
    metrics: (registry) =>
      metrics.register(registry, {
        underWay: () => underWay.size,
        unsettled: () => spool.pending,
        dropped: () => calls.dropped + contents.dropped,
      }),
    async close() {
      await Promise.all(underWay)
      await calls.flush().catch(() => undefined)
      await contents.flush().catch(() => undefined)
      await spool[Symbol.asyncDispose]()
      await books[Symbol.asyncDispose]()
    },
  }
}
