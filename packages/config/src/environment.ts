import type { Layer } from './layer.ts'
import { type Setting, settings } from './setting.ts'
import { suggestName } from './suggestion.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Values by setting path. A variable that is set to the empty text counts as unset, as in most `.env` files. */
export function readEnvironment(env: Environment): Layer {
  const values = new Map<string, unknown>()
  for (const setting of settings) {
    const text = env[setting.variable]
    if (text !== undefined && text !== '') values.set(setting.path, toValue(text, setting))
  }
  return { source: 'environment', values, faults: [] }
}

/** A text that is no exact whole number stays a text: the schema then refuses it and the fault shows what was found. */
function toValue(text: string, { kind }: Setting): string | number {
  const isInteger = kind === 'integer' && /^\s*-?\d+\s*$/.test(text) && Number.isSafeInteger(Number(text))
  return isInteger ? Number(text) : text
}

/** One sentence for each CORE_* variable that nothing reads: most likely a misspelt one. */
export function warnOfUnknownVariables(env: Environment, knownVariables: readonly string[]): string[] {
  const known = [...settings.map(({ variable }) => variable), ...knownVariables]
  const names = new Map(known.map((name) => [name, name]))
  return Object.keys(env)
    .filter((name) => name.startsWith('CORE_') && !names.has(name))
    .sort()
    .map((name) => {
      const meant = suggestName(name, names)
      return `the environment variable ${name} is unknown and has no effect${meant ? `; did you mean ${meant}?` : ''}`
    })
}
