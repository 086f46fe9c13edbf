/**
 * The name that a misspelt one most likely means, or undefined when none is close: a wrong hint is worse than none. Case
 * and punctuation do not count: `ttl_seconds`, `TTL-Seconds` and `ttlSeconds` are one word to a person.
 */
export function suggestName(misspelt: string, names: Iterable<string>): string | undefined {
  const wanted = fold(misspelt)
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1
  let nearest: string | undefined
  for (const name of names) {
    const distance = editDistance(wanted, fold(name))
    if (distance >= least) continue
    least = distance
    nearest = name
  }
  return nearest
}

/** Cut, because the cost of a comparison grows with its length and the word comes from outside. */
function fold(word: string): string {
  return word
    .slice(0, 64)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
}

/** How many characters have to be inserted, removed or replaced (Levenshtein), row by row of the usual table. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [index, character] of [...from].entries()) {
    const next = [index + 1]
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (character === other ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? from.length
}
