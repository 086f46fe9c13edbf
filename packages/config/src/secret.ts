import { inspect } from 'node:util'

/** What a printed object shows in place of a secret. */
export const redacted = '[redacted]'

/** A text that prints as `[redacted]` everywhere: inspect, JSON, template strings. Only `reveal()` gives it away. */
export interface Secret {
  reveal(): string
  toString(): string
  toJSON(): string
}

export function createSecret(value: string): Secret {
  return Object.freeze({
    reveal: () => value,
    toString: () => redacted,
    toJSON: () => redacted,
    [inspect.custom]: () => redacted,
  })
}
