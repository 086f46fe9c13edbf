import { closestMatch } from 'leven'

/** The candidate somebody most likely meant, or undefined when nothing is close: a wrong hint is worse than none. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  // `ttl_seconds`, `TTL-Seconds` and `ttlSeconds` are one word to a person.
  const meant = new Map(candidates.map((candidate) => [fold(candidate), candidate]))
  const wanted = fold(word)
  const nearest = closestMatch(wanted, [...meant.keys()], { maxDistance: Math.max(1, Math.floor(wanted.length / 3)) })
  return nearest === undefined ? undefined : meant.get(nearest)
}

/** Cut, because the cost of a comparison grows with its length and the word comes from outside. */
function fold(word: string): string {
  return word
    .slice(0, 64)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
}
