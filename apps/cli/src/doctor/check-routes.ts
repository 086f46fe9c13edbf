import type { Config } from '@core/config'
import { inspectRoutes } from '@core/control-plane'
import type { Database } from '@core/database'
import { type Finding, fault, ok } from './finding.ts'

const check = 'model routes'
const mostListed = 3

/** Whether the calls of each route can reach its targets. */
export async function checkRoutes(
  database: Pick<Database, 'rpc'>,
  config: Pick<Config, 'llm' | 'price'>,
  signal: AbortSignal,
): Promise<Finding> {
  const { routes, faults } = await inspectRoutes(database, config, { signal })
  const [first] = faults
  if (first === undefined)
    return ok(check, routes === 0 ? 'there are none' : `${routes}, and all their targets are there`)
  const listed = faults.slice(0, mostListed).map(({ route, message }) => `${route}: ${message}`)
  const more = faults.length > mostListed ? `; and ${faults.length - mostListed} more` : ''
  const how =
    first.what === 'provider' ? 'core providers set, or core routes set' : 'core prices set, or core routes set'
  return fault(check, `${listed.join('; ')}${more}`, `${first.fix} Then ${how}.`)
}
