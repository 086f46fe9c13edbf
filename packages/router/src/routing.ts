import type { Feature } from './call-needs.ts'

/** The two wire formats that clients speak. */
export type Dialect = 'openai' | 'anthropic'

/** A provider as a project or the owner configured it. */
export interface Provider {
  readonly name: string
  /** Whose it is; null for one that all projects may use. */
  readonly project: string | null
  /** `openai`, `anthropic`, `local` …: what the price book calls it where it has no prices under its own name. */
  readonly kind: string
  /** Without a slash at its end; undefined for models of this process. */
  readonly baseUrl?: string | undefined
  /** The name of its key among the secrets. */
  readonly secret?: string | undefined
  readonly limits?: TargetLimits | undefined
  /** Where it works, as its owner names it. */
  readonly region?: string | undefined
}

/** Of one target, in this process. */
export interface TargetLimits {
  /** Default 1,000. */
  readonly inFlight?: number | undefined
  readonly requestsPerMinute?: number | undefined
  /** Counted by the estimate when a call begins. */
  readonly tokensPerMinute?: number | undefined
}

export interface RouteTarget {
  readonly provider: string
  /** Left out: the model that the request names. */
  readonly model?: string | undefined
  /** Tokens of input and output together; left out: any number. */
  readonly contextTokens?: number | undefined
  /** What it takes besides texts; left out: everything. */
  readonly takes?: readonly Feature[] | undefined
}

export const periods = ['hour', 'day', 'week', 'month', 'total'] as const
/** How often a cap begins again. */
export type Period = (typeof periods)[number]

export const choices = ['balanced', 'order', 'price', 'latency'] as const

export interface RoutePolicy {
  /** Default `balanced`: cheap targets more often, those without a recent fault first. */
  readonly choose?: (typeof choices)[number] | undefined
  /** What happens where the credits are not enough for the chosen target. Default `refuse`. */
  readonly whenLow?: 'refuse' | 'cheaper' | undefined
  /** Gives each end user that requests name an account with this cap. */
  readonly endUsers?: { readonly limit: number; readonly period: Period } | undefined
  /** Gives each tag `prefix:...` that requests name an account with this cap; not beside `endUsers`. */
  readonly tagAccounts?: { readonly prefix: string; readonly limit: number; readonly period: Period } | undefined
  /** A plain call that takes longer is also sent to the next target; the first answer counts, both are charged. */
  readonly hedgeMs?: number | undefined
  /** Only providers of this region. */
  readonly region?: string | undefined
  /** What an answer from the cache is charged, in basis points of what its call cost: 0 to 10,000. Default 0. */
  readonly hitBasisPoints?: number | undefined
  /** `content`: what was asked and answered is kept for seven days, without secrets, sealed. Default: it is not kept. */
  readonly log?: 'content' | undefined
}

/** A public name and what it leads to. */
export interface Route {
  readonly name: string
  readonly project: string | null
  readonly targets: readonly RouteTarget[]
  readonly policy: RoutePolicy
}

export interface Routing {
  readonly providers: readonly Provider[]
  readonly routes: readonly Route[]
}

/** One way to serve a call. */
export interface Target {
  /** `provider/model`, as calls, headers and cooling name it. */
  readonly id: string
  readonly provider: Provider
  readonly model: string
  readonly contextTokens?: number | undefined
  readonly takes?: readonly Feature[] | undefined
  /** Names it among those of all projects: what one project's provider does must not cool another's of the same name. */
  readonly key: string
}

export interface FoundRoute {
  /** Undefined where the name was `provider/model`. */
  readonly route: Route | undefined
  readonly policy: RoutePolicy
  readonly targets: readonly Target[]
  /** Targets whose provider is not there for the project, by its name. */
  readonly missing: readonly string[]
}

/** `Target.key`. */
export function toTargetKey({ project, name }: Pick<Provider, 'project' | 'name'>, model: string): string {
  return project === null ? `${name}/${model}` : `${project}:${name}/${model}`
}

/**
 * What a public name leads to for a project, whose own providers and routes shadow the shared ones: a route of that name,
 * a `provider/model`, the route `*`, or a provider of that name with a model of the same name.
 */
export function findRoute({ providers, routes }: Routing, project: string, name: string): FoundRoute | undefined {
  const providerOf = (wanted: string) => shadowed(providers, project, wanted)
  const toTarget = ({ provider: wanted, model = name, contextTokens, takes }: RouteTarget): Target[] => {
    const provider = providerOf(wanted)
    if (provider === undefined) return []
    const id = `${provider.name}/${model}`
    return [{ id, provider, model, contextTokens, takes, key: toTargetKey(provider, model) }]
  }
  const follow = (route: Route): FoundRoute => ({
    route,
    policy: route.policy,
    targets: route.targets.flatMap(toTarget),
    missing: route.targets
      .filter((target) => providerOf(target.provider) === undefined)
      .map(({ provider }) => provider),
  })
  const named = shadowed(routes, project, name)
  if (named !== undefined) return follow(named)
  const slash = name.indexOf('/')
  const direct = toTarget(
    slash === -1 ? { provider: name } : { provider: name.slice(0, slash), model: name.slice(slash + 1) },
  )
  if (direct.length > 0) return { route: undefined, policy: {}, targets: direct, missing: [] }
  const rest = shadowed(routes, project, '*')
  return rest && follow(rest)
}

/** The names of models that a project may ask for. */
export function listModels({ providers, routes }: Routing, project: string): readonly string[] {
  const visible = (owner: string | null) => owner === null || owner === project
  const names = [
    ...routes.filter((route) => visible(route.project) && route.name !== '*').map(({ name }) => name),
    ...providers.filter((one) => visible(one.project) && one.kind === 'local').map(({ name }) => name),
  ]
  return [...new Set(names)].sort()
}

function shadowed<Item extends { readonly name: string; readonly project: string | null }>(
  items: readonly Item[],
  project: string,
  name: string,
): Item | undefined {
  const own = items.find((item) => item.name === name && item.project === project)
  return own ?? items.find((item) => item.name === name && item.project === null)
}
