/** A container of the text that is being read: the names of an object so far, or the index of a list. */
interface Level {
  readonly names: Set<string> | undefined
  /** The name or index of the member that is being read. */
  step: string | number
}

/** What a parser loses of a text, and where. */
export interface Loss {
  readonly path: readonly (string | number)[]
  readonly finding: string
}

/**
 * Finds the first part of a valid JSON text that `JSON.parse` reads as something else, undefined where there is none: a
 * name that an object has twice, of which parsers keep one without saying which, so that a proxy before this server may
 * have checked the other; and a number that is read as an integer which it is not.
 */
export function findLoss(text: string): Loss | undefined {
  const levels: Level[] = []
  let level: Level | undefined
  let isName = false
  const loss = (finding: string): Loss => ({ path: levels.map(({ step }) => step), finding })
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = endOfString(text, at)
        if (isName && level?.names !== undefined) {
          const name = readName(text.slice(at, end))
          level.step = name
          if (level.names.has(name)) return loss('the name is there twice')
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
      default:
        if (!startsNumber(text.charCodeAt(at))) break
        digits.lastIndex = at
        digits.test(text)
        if (!isReadExactly(text, at, digits.lastIndex))
          return loss('a number is read with fewer digits than it has; write it as text')
        at = digits.lastIndex - 1
    }
  }
  return undefined
}

const digits = /[-+.\dEe]+/y
const startsNumber = (code: number) => code === 0x2d || (code >= 0x30 && code <= 0x39)

/** Every number of fewer characters is read as it is, unless it has an exponent. */
const exactLength = 15
/** No number that a program computes has more characters. */
const maxLength = 400

/** Whether a number is the integer that it is read as; what is read as a fraction, or beyond 2^53 - 1, is for its field to judge. */
function isReadExactly(text: string, start: number, end: number): boolean {
  const length = end - start
  if (length > maxLength) return false
  const token = text.slice(start, end)
  if (length <= exactLength && !/e/i.test(token)) return true
  const value = Number(token)
  if (!Number.isSafeInteger(value)) return true
  const [, whole = '', fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:e([-+]?\d+))?$/i.exec(token) ?? []
  const written = `${whole}${fraction}`
  const untilZeros = written.replace(/0+$/, '')
  const significant = untilZeros.replace(/^0+/, '')
  if (significant === '') return true
  const zeros = Number(exponent) - fraction.length + written.length - untilZeros.length
  return zeros >= 0 && significant + '0'.repeat(zeros) === String(Math.abs(value))
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
