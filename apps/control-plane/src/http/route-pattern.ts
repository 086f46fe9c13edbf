const written = new Map<string, string>()

/** A path of the contract (`{code}`) as the router writes it (`:code`). */
export function toRouterPattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

/** The same where the last parameter may have slashes as they are: it is `*` to the router. */
export function toOpenPattern(path: string): string {
  const pattern = toRouterPattern(path).replace(/:\w+$/, '*')
  written.set(pattern, path)
  return pattern
}

/** Fits each address of a path of the contract. */
export function toPathPattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}

/** A pattern of the router as the contract writes it. Remembered, because every request asks. */
export function toContractPattern(pattern: string): string {
  const known = written.get(pattern)
  if (known !== undefined) return known
  const path = pattern.replaceAll(/:(\w+)/g, '{$1}')
  written.set(pattern, path)
  return path
}
