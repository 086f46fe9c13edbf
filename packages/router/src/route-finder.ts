import { type FoundRoute, findRoute, type Routing } from './routing.ts'

/** As many names as a large installation's clients use. */
const maxFound = 1_000

/** `findRoute`, which looks for a name once as long as nothing of the routing has changed. */
export function createRouteFinder(): typeof findRoute {
  const found = new Map<string, FoundRoute>()
  let of: Routing | undefined
  return (routing, project, name) => {
    if (routing !== of || found.size >= maxFound) found.clear()
    of = routing
    // No project has a space in its name.
    const key = `${project} ${name}`
    const known = found.get(key) ?? findRoute(routing, project, name)
    // What leads nowhere is not kept: names that are tried must not displace those that are called.
    if (known !== undefined) found.set(key, known)
    return known
  }
}
