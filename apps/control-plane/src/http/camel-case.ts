/** Fields whose contents are the callers' own and pass through as they are. */
const opaque = new Set(['metadata', 'endpoints', 'capabilities', 'value', 'payload', 'result', 'progress', 'evidence'])

/** What the database says in snake_case, as the API says it. */
export function toCamelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toCamelCase)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, content]) => [camel(key), opaque.has(key) ? content : toCamelCase(content)]),
  )
}

/** A name with an underscore at its beginning is none of the database's, and stays. The database writes basis points as `_bp`. */
export function camel(word: string): string {
  const full = word.endsWith('_bp') ? `${word.slice(0, -'bp'.length)}basis_points` : word
  return full.replaceAll(/(?<=[a-z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
