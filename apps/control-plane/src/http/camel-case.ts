/** Fields whose contents are the callers' own and pass through as they are. */
const opaque = new Set(['metadata', 'endpoints', 'capabilities', 'value', 'payload', 'result', 'progress', 'evidence'])

/** What the database says in snake_case, as the API says it. */
export function toCamelCase(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(toCamelCase)
  const named: Record<string, unknown> = {}
  for (const [key, content] of Object.entries(value)) {
    const name = camel(key)
    const said = opaque.has(key) ? content : toCamelCase(content)
    if (name === '__proto__') Object.defineProperty(named, name, { value: said, enumerable: true })
    else named[name] = said
  }
  return named
}

/** Names already known, of every answer the same few; bounded, because a metadata key may be among them. */
const known = new Map<string, string>()
const knownLimit = 2_000

/** A name with an underscore at its beginning is none of the database's, and stays. The database writes basis points as `_bp`. */
export function camel(word: string): string {
  const found = known.get(word)
  if (found !== undefined) return found
  const full = word.endsWith('_bp') ? `${word.slice(0, -'bp'.length)}basis_points` : word
  const name = full.replaceAll(/(?<=[a-z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  if (known.size < knownLimit && word.length <= 100) known.set(word, name)
  return name
}
