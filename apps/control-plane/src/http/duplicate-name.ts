/** A container of the text that is being read: the names of an object so far, or the index of a list. */
interface Level {
  readonly names: Set<string> | undefined
  /** The name or index of the member that is being read. */
  step: string | number
}

/**
 * Where an object of a valid JSON text has the same name twice, as the path to it; undefined where none has. Parsers
 * keep one of the two without saying which, so a proxy before this server may have checked the other.
 */
export function findDuplicateName(text: string): (string | number)[] | undefined {
  const levels: Level[] = []
  let level: Level | undefined
  let isName = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = endOfString(text, at)
        if (isName && level?.names !== undefined) {
          const name = readName(text.slice(at, end))
          level.step = name
          if (level.names.has(name)) return levels.map(({ step }) => step)
          level.names.add(name)
          isName = false
        }
        at = end - 1
        break
      }
      case 0x7b: // {
        level = { names: new Set(), step: '' }
        levels.push(level)
        isName = true
        break
      case 0x5b: // [
        level = { names: undefined, step: 0 }
        levels.push(level)
        isName = false
        break
      case 0x7d: // }
      case 0x5d: // ]
        levels.pop()
        level = levels.at(-1)
        isName = false
        break
      case 0x2c: // ,
        isName = level?.names !== undefined
        if (typeof level?.step === 'number') level.step++
        break
    }
  }
  return undefined
}

/** The index after the closing quote. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end + 1
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++
  return backslashes % 2 === 1
}

/** Two spellings of one name are the same name. */
function readName(literal: string): string {
  return literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1)
}
