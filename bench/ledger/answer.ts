import type { Json } from '@core/database'

/** A field of a JSON object; throws where there is none: the benchmark and the database are of different versions. */
export function fieldOf(answer: Json, name: string): Json {
  const value = typeof answer === 'object' && answer !== null && !Array.isArray(answer) ? answer[name] : undefined
  if (value === undefined)
    throw new Error(`the database answered without ${name}: ${JSON.stringify(answer).slice(0, 300)}`)
  return value
}

export function textOf(answer: Json, name: string): string {
  const value = fieldOf(answer, name)
  if (typeof value !== 'string') throw new Error(`${name} is not a text: ${JSON.stringify(value)}`)
  return value
}

export function numberOf(answer: Json, name: string): number {
  const value = fieldOf(answer, name)
  if (typeof value !== 'number') throw new Error(`${name} is not a number: ${JSON.stringify(value)}`)
  return value
}

/** The entries of a JSON object. */
export function entriesOf(answer: Json, name: string): [string, Json][] {
  const value = fieldOf(answer, name)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${name} is not an object`)
  return Object.entries(value)
}

/** The objects of a JSON array. */
export function itemsOf(answer: Json, name: string): { [key: string]: Json }[] {
  const value = fieldOf(answer, name)
  if (!Array.isArray(value)) throw new Error(`${name} is not an array`)
  return value.map((item) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item))
      throw new Error(`${name} holds more than objects`)
    return item
  })
}

/** Throws unless the answer is an acceptance: refused work is fast and would flatter. */
export function requireOk(answer: Json): Json {
  if (fieldOf(answer, 'ok') !== true) throw new Error(`refused: ${JSON.stringify(answer).slice(0, 500)}`)
  return answer
}

/** The results of a batch; throws unless exactly that many were denied. */
export function resultsOf(answer: Json, denied = 0): Json[] {
  const results = fieldOf(answer, 'results')
  if (!Array.isArray(results)) throw new Error('a batch answered without results')
  const refused = results.filter((result) => fieldOf(result, 'ok') !== true)
  if (refused.length !== denied) {
    throw new Error(`${refused.length} of ${results.length} were denied, not ${denied}: ${JSON.stringify(refused[0])}`)
  }
  return results
}
