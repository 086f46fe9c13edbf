import type { RouteContract } from '../route-contract.ts'
import { hasFields } from '../route-contract.ts'
import { toFieldRows } from './field-row.ts'

/** What the samples of a route send. */
export interface SampleInput {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Left out: the route takes no body. */
  readonly body?: unknown
}

/** The first example of a contract; required fields that it leaves out get a value of their type. */
export function toSampleInput({ examples, input, method, isReadOnly }: RouteContract): SampleInput {
  const [example] = examples
  const required = (part: 'params' | 'query') =>
    Object.fromEntries(
      toFieldRows(input[part], 'input')
        .filter(({ isRequired }) => isRequired)
        .map(({ name, type, allowed }) => [name, toValue(name, type, allowed)]),
    )
  const sendsBody = hasFields(input.body) || (method === 'POST' && isReadOnly !== true)
  return {
    params: { ...required('params'), ...example?.params },
    query: { ...required('query'), ...example?.query },
    ...(sendsBody ? { body: example?.body ?? {} } : {}),
  }
}

function toValue(name: string, type: string, [first]: readonly string[]): string {
  if (name === 'project') return 'current'
  if (type.includes('uuid')) return '019ab2c4-0000-7000-8000-000000000000'
  if (type.includes('date-time')) return '2026-11-20T09:30:00+00:00'
  if (type === 'integer') return '1'
  return first?.startsWith('"') ? first.slice(1, -1) : name === 'code' ? 'smart_layer' : name
}

/** The path with its parameters encoded, and the query. */
export function toAddress({ path }: Pick<RouteContract, 'path'>, { params, query }: SampleInput): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? name))
  const search = new URLSearchParams(query).toString()
  return search === '' ? filled : `${filled}?${search}`
}
