import type { Client } from '@core/api/client'
import { CoreError } from '@core/foundation'
import { decimalNumber } from '../../number-option.ts'

type Policy = NonNullable<Parameters<Client['putHealthPolicy']>[0]['body']>
type Options = Readonly<Partial<Record<string, string>>>

const factors = ['freshness', 'errors', 'latency', 'credits', 'backlog'] as const
const criticalities = ['none', 'low', 'normal', 'high', 'critical'] as const

/** The options of the command as the body of the request. */
export function toPolicy(options: Options, toMicro: (text: string) => number): Policy {
  const { weights, criticality, targetP95, maxErrorRate, targetBacklog, lowCredits } = options
  return {
    ...(weights === undefined ? {} : { weights: toWeights(weights) }),
    ...(criticality === undefined ? {} : { criticality: oneOf('criticality', criticality, criticalities) }),
    ...(targetP95 === undefined ? {} : { targetP95Ms: decimalNumber('--target-p95', targetP95) }),
    ...(maxErrorRate === undefined ? {} : { maxErrorRate: decimalNumber('--max-error-rate', maxErrorRate) }),
    ...(targetBacklog === undefined ? {} : { targetBacklog: decimalNumber('--target-backlog', targetBacklog) }),
    ...(lowCredits === undefined ? {} : { lowCredits: toMicro(lowCredits) }),
  }
}

function toWeights(text: string): NonNullable<Policy['weights']> {
  const pairs = text.split(',').map((pair) => {
    const [name = '', weight = ''] = pair.split('=')
    return [oneOf('factor', name.trim(), factors), decimalNumber('--weights', weight)] as const
  })
  return Object.fromEntries(pairs)
}

function oneOf<Name extends string>(what: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text)
  if (found !== undefined) return found
  throw new CoreError('E_INVALID', `${JSON.stringify(text)} is no ${what}`, { fix: `Use one of ${names.join(', ')}.` })
}
