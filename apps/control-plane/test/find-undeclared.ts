import { problemsOf, type RouteContract, routes } from '@core/api'
import { toPathPattern } from '../src/http/route-pattern.ts'

const byDetail = [...(routes satisfies readonly RouteContract[])]
  .sort((a, b) => countParameters(a) - countParameters(b)) // of two that fit, the router takes the one in plain words
  .map((route) => ({
    route: route satisfies RouteContract as RouteContract,
    pattern: toPathPattern(route.path),
  }))

function countParameters({ path }: { readonly path: string }): number {
  return path.split('{').length
}

/** What is wrong where a route answers with a status or a problem that its contract does not declare. */
export function findUndeclared(method: string, url: string, status: number, code: unknown): string | undefined {
  const [path = ''] = url.split('?')
  const asked = method === 'HEAD' ? 'GET' : method
  const { route } = byDetail.find(({ route, pattern }) => route.method === asked && pattern.test(path)) ?? {}
  if (route === undefined || status < 400) return undefined
  const declared: readonly string[] = problemsOf(route)
  return declared.includes(String(code)) || (method === 'HEAD' && code === undefined)
    ? undefined
    : `${route.operation} answers ${status} ${String(code)}, which its contract does not declare`
}
