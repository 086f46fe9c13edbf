import { suggestName } from '@core/foundation'
import { findPrice, type Prices } from '@core/providers/price'
import type { Provider, Route, RouteTarget, Routing } from './routing.ts'

export interface RouteFault {
  /** Of the target in its route. */
  readonly index: number
  readonly what: 'provider' | 'model'
  readonly message: string
  /** Which names there are. */
  readonly fix: string
}

export interface NamedPrices extends Prices {
  /** The models of a provider that have a price. */
  modelsOf(provider: string): readonly string[]
}

/** Names that one message lists, at most. */
const mostListed = 20

/**
 * Targets of a route that no call can reach: their provider is not there for its project, or their model has no price and
 * is therefore never called. A target without a model serves the one that each request names, and cannot be judged before.
 */
export function findRouteFaults(
  { providers }: Pick<Routing, 'providers'>,
  { project, targets }: Pick<Route, 'project' | 'targets'>,
  { prices, at }: { readonly prices: NamedPrices; readonly at: Date },
): readonly RouteFault[] {
  const visible = providers.filter((provider) => provider.project === null || provider.project === project)
  const providerOf = (name: string) =>
    visible.find((one) => one.name === name && one.project !== null) ?? visible.find((one) => one.name === name)
  return targets.flatMap(({ provider: name, model }: RouteTarget, index): RouteFault[] => {
    const provider = providerOf(name)
    if (provider === undefined) {
      const message = `there is no provider ${name}`
      return [{ index, what: 'provider', message, fix: listed('Providers', name, namesOf(visible)) }]
    }
    if (model === undefined || findPrice(prices, { provider: name, kind: provider.kind, model, at })) return []
    const known = [...prices.modelsOf(name), ...prices.modelsOf(provider.kind)]
    const message = `there is no model ${model} with a price at ${name}`
    return [{ index, what: 'model', message, fix: listed('Models with a price', model, known) }]
  })
}

function namesOf(providers: readonly Provider[]): readonly string[] {
  return providers.map(({ name }) => name)
}

function listed(what: string, wrong: string, names: readonly string[]): string {
  const all = [...new Set(names)].sort()
  const near = suggestName(wrong, all)
  const rest = all.length > mostListed ? `, and ${all.length - mostListed} more` : ''
  const text = all.length === 0 ? 'none yet' : `${all.slice(0, mostListed).join(', ')}${rest}`
  return `${near === undefined ? '' : `Did you mean ${near}? `}${what}: ${text}.`
}
