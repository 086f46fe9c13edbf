import { closestMatch } from 'leven'

/**
 * The name meant by a misspelt one, or undefined where none is near enough. `names` maps every way to write a name to
 * the name to suggest. Case and punctuation do not count: `HTTP_PORT` is near `http.port`.
 */
export function suggestName(misspelt: string, names: ReadonlyMap<string, string>): string | undefined {
  const meant = new Map([...names].map(([written, name]) => [fold(written), name]))
  const text = fold(misspelt)
  const maxDistance = Math.max(1, Math.floor(text.length / 4))
  const nearest = closestMatch(text, [...meant.keys()], { maxDistance })
  return nearest === undefined ? undefined : meant.get(nearest)
}

function fold(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}
