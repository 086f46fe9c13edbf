import { type RouteContract, routes } from '@core/api'
import { createCaller } from '@core/api/client'
import { CoreError, isObject, suggestName } from '@core/foundation'
import { Argument } from 'commander'
import { z } from 'zod'
import { readJson } from '../read-json.ts'
import { fieldsOf, readPairs, toRequest } from '../route-fields.ts'
import { formatTable } from '../table.ts'
import type { Verbs } from '../verbs.ts'

interface CallVerbOptions {
  input?: string
  idempotencyKey?: string
  ifMatch?: string
  yes?: boolean
}

/** Everything but streams, which `core events` reads. */
const callable: readonly RouteContract[] = routes.filter(
  ({ produces }: RouteContract) => produces === undefined || produces === 'text/html',
)

export function addCall({ program, session }: Verbs): void {
  program
    .command('call')
    .description('any operation of the API by its name, its fields checked before it is sent; alone: list them')
    .addArgument(
      new Argument('[operation]', 'its name; core call lists them with their fields')
        .choices(callable.map(({ operation }) => operation))
        .argParser(toRoute),
    )
    .argument('[fields...]', 'name=value each, a value as JSON or text; project is --project unless named here')
    .option('--input <file>', 'fields as a JSON object; - reads standard input')
    .option('--idempotency-key <key>', 'of a POST; omitted: a new uuid')
    .option('--if-match <etag>', 'of an edit: only in the state that was read')
    .option('--yes', 'do not ask before a DELETE')
    .action(async (route: RouteContract | undefined, pairs: string[], options: CallVerbOptions) => {
      const current = session()
      if (route === undefined) return current.output.data(callable.map(toListed), operationTable)
      const fromFile =
        options.input === undefined ? {} : await readJson(current, options.input, 'the fields', inputSchema)
      const given = { ...fromFile, ...readPairs(route, pairs) }
      const target = await current.target()
      const fields = 'project' in route.input.params.shape ? { project: target.project ?? 'current', ...given } : given
      const request = toRequest(route, fields)
      if (route.method === 'DELETE') await current.confirm(`${route.operation}: ${route.summary}.`, options)
      const call = createCaller({ ...target, timeoutMs: current.timeoutMs })
      const { idempotencyKey, ifMatch } = options
      const answer = await call(route.operation, request, { idempotencyKey, ifMatch, signal: current.io.signal })
      if (typeof answer === 'string') current.output.text(answer)
      else current.output.data(answer, (value) => JSON.stringify(value, null, 2))
    })
}

const inputSchema = z.custom<Readonly<Record<string, unknown>>>(isObject, 'must be a JSON object')

function toRoute(name: string): RouteContract {
  const route = callable.find(({ operation }) => operation === name)
  if (route !== undefined) return route
  const names = callable.map(({ operation }) => operation)
  const meant = suggestName(name, names)
  throw new CoreError('E_INVALID', `there is no operation ${JSON.stringify(name)}`, {
    fix: meant ? `Did you mean ${meant}?` : 'core call lists them.',
  })
}

function toListed(route: RouteContract) {
  const { operation, method, path, auth, summary } = route
  return { operation, method, path, scope: auth, fields: fieldsOf(route), summary }
}

function operationTable(operations: readonly ReturnType<typeof toListed>[]): string {
  return formatTable(operations, [
    { title: 'OPERATION', cell: ({ operation }) => operation },
    { title: 'SCOPE', cell: ({ scope }) => scope },
    { title: 'FIELDS', cell: ({ fields }) => fields.join(' ') },
  ])
}
