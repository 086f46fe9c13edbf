import { callable, routerSnapshot } from '@core/api/functions'
import type { Config } from '@core/config'
import type { Database } from '@core/database'
import { type Clock, isObject, type Logger } from '@core/foundation'
import {
  choices,
  features,
  type Period,
  type Provider,
  periods,
  type Route,
  type RoutePolicy,
  type RouteTarget,
  type Routing,
  type TargetLimits,
} from '@core/router'

export interface RoutingTable {
  /** Providers and routes as they are known here; read at the first call. */
  current(): Routing | Promise<Routing>
  /** Of the newest change of prices that is known here. */
  readonly priceVersion: number
  /** Reads what has changed; returns what other processes found cooling. */
  refresh(
    signal?: AbortSignal,
  ): Promise<readonly { readonly target: string; readonly ms: number; readonly reason: string }[]>
}

/** Where the makers serve their APIs. */
const makers: Readonly<Record<string, string>> = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  ollama: 'http://127.0.0.1:11434/v1',
}

/** The prefix of keys that come from the configuration; no stored secret can have such a name. */
export const configured = 'config:'

/** Providers that need no row: the models of this process, and those whose key is in the configuration. */
export function configuredProviders({ keys, urls }: Config['llm']): readonly Provider[] {
  const named = (['openai', 'anthropic'] as const).flatMap((name): Provider[] =>
    keys[name] === undefined
      ? []
      : [
          {
            name,
            kind: name,
            project: null,
            baseUrl: (urls[name] ?? makers[name])?.replace(/\/+$/, ''),
            secret: `${configured}${name}`,
          },
        ],
  )
  return [{ name: 'local', kind: 'local', project: null }, ...named]
}

export function createRoutingTable(
  database: Pick<Database, 'rpc'>,
  { llm, clock, logger }: { readonly llm: Config['llm']; readonly clock: Clock; readonly logger: Logger },
): RoutingTable {
  const read = callable(database, routerSnapshot)
  const own = configuredProviders(llm)
  let version = -1
  let priceVersion = 0
  let routing: Routing | undefined
  let readAt = Number.NEGATIVE_INFINITY

  const refresh: RoutingTable['refresh'] = async (signal) => {
    const snapshot = await read({ version }, signal === undefined ? {} : { signal })
    version = snapshot.version
    priceVersion = snapshot.price_version
    readAt = clock.monotonic()
    if (snapshot.providers !== undefined && snapshot.routes !== undefined) {
      const stored = snapshot.providers.map(toProvider)
      const names = new Set(stored.filter(({ project }) => project === null).map(({ name }) => name))
      routing = {
        providers: [...stored, ...own.filter(({ name }) => !names.has(name))],
        routes: snapshot.routes.map(toRoute),
      }
      logger.debug({ version, routes: routing.routes.length }, 'routes of models have changed')
    }
    return snapshot.coolings
  }

  async function first(): Promise<Routing> {
    await refresh()
    return routing ?? { providers: own, routes: [] }
  }

  return {
    get priceVersion() {
      return priceVersion
    },
    refresh,
    current: () => (routing !== undefined && clock.monotonic() - readAt < 300_000 ? routing : first()),
  }
}

interface ProviderRow {
  readonly name: string
  readonly project: string | null
  readonly kind: string
  readonly base_url: string | null
  readonly secret: string | null
  readonly settings: Readonly<Record<string, unknown>>
}

function toProvider({ name, project, kind, base_url, secret, settings }: ProviderRow): Provider {
  return {
    name,
    project,
    kind,
    baseUrl: base_url ?? makers[kind],
    secret: secret ?? undefined,
    limits: toLimits(settings),
    region: textOf(settings['region']),
  }
}

function toLimits(settings: Readonly<Record<string, unknown>>): TargetLimits {
  const whole = (name: string) => (Number.isSafeInteger(settings[name]) ? Number(settings[name]) : undefined)
  return {
    inFlight: whole('inFlight'),
    requestsPerMinute: whole('requestsPerMinute'),
    tokensPerMinute: whole('tokensPerMinute'),
  }
}

interface RouteRow {
  readonly name: string
  readonly project: string | null
  readonly targets: readonly Readonly<Record<string, unknown>>[]
  readonly policy: Readonly<Record<string, unknown>>
}

function toRoute({ name, project, targets, policy }: RouteRow): Route {
  return { name, project, targets: targets.map(toTarget), policy: toPolicy(policy) }
}

function toTarget({ provider, model, contextTokens, takes }: Readonly<Record<string, unknown>>): RouteTarget {
  return {
    provider: String(provider),
    model: textOf(model),
    contextTokens: typeof contextTokens === 'number' ? contextTokens : undefined,
    takes: Array.isArray(takes) ? features.filter((feature) => takes.includes(feature)) : undefined,
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function toCap(value: unknown): { readonly limit: number; readonly period: Period } | undefined {
  if (!isObject(value)) return undefined
  const period = periods.find((one) => one === value['period'])
  return period && { limit: Number(value['limit']), period }
}

function toPolicy(policy: Readonly<Record<string, unknown>>): RoutePolicy {
  const { choose, whenLow, endUsers, tagAccounts, hedgeMs, region, hitBasisPoints, log } = policy
  const tagCap = toCap(tagAccounts)
  return {
    choose: choices.find((one) => one === choose),
    whenLow: whenLow === 'cheaper' ? 'cheaper' : 'refuse',
    endUsers: toCap(endUsers),
    tagAccounts: tagCap && isObject(tagAccounts) ? { prefix: String(tagAccounts['prefix']), ...tagCap } : undefined,
    hedgeMs: typeof hedgeMs === 'number' ? hedgeMs : undefined,
    region: textOf(region),
    hitBasisPoints: typeof hitBasisPoints === 'number' ? hitBasisPoints : undefined,
    log: log === 'content' ? log : undefined,
  }
}
