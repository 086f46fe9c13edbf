import { suggestName } from '@core/foundation'
import type { Layer } from './layer.ts'
import { splitList } from './list-setting.ts'
import { type Setting, settings } from './setting.ts'

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

/** What hosts set for every program, and the setting of ours that it sets. */
const hostVariables = [
  { variable: 'DATABASE_URL', path: 'database.url', ours: 'CORE_DATABASE_URL', kind: 'text' },
  { variable: 'PORT', path: 'http.port', ours: 'CORE_HTTP_PORT', kind: 'integer' },
] as const

const isPostgres = (url: string) => /^postgres(ql)?:/.test(url)

/**
 * The variables of a host, for settings that no other source sets, with a sentence for each that is used, and for an
 * address of another kind of database. A driver that was named decides alone about the database.
 */
export function readHostEnvironment(env: Environment, others: readonly Layer[]): { layer: Layer; notes: string[] } {
  const isSet = (path: string) => others.some(({ values }) => values.has(path))
  const wanted = hostVariables.filter(({ variable, path }) => {
    if (isSet(path) || !env[variable]) return false
    return path !== 'database.url' || !isSet('database.driver')
  })
  const used = wanted.filter(({ variable, path }) => path !== 'database.url' || isPostgres(env[variable] ?? ''))
  const left = wanted.filter((one) => !used.includes(one))
  const values = new Map(
    used.map(({ variable, path, kind }) => [path, toValue(String(env[variable]), { kind })] as const),
  )
  return {
    layer: { source: 'environment', values, faults: [] },
    notes: [
      ...used.map(({ variable, ours }) => `${variable} is used, because ${ours} is not set`),
      ...left.map(({ variable }) => `${variable} is not used: it is not the address of a Postgres`),
    ],
  }
}

/** A text that is no exact whole number stays a text: the schema then refuses it and the fault shows what was found. */
function toValue(text: string, { kind }: Pick<Setting, 'kind'>): string | number | string[] {
  if (kind === 'list') return splitList(text)
  const isInteger = kind === 'integer' && /^\s*-?\d+\s*$/.test(text) && Number.isSafeInteger(Number(text))
  return isInteger ? Number(text) : text
}

/** One sentence for each CORE_* variable that nothing reads: most likely a misspelt one. */
export function warnOfUnknownVariables(env: Environment, knownVariables: readonly string[]): string[] {
  const names = new Set([...settings.map(({ variable }) => variable), ...knownVariables])
  return Object.keys(env)
    .filter((name) => name.startsWith('CORE_') && !names.has(name))
    .sort()
    .map((name) => {
      const meant = suggestName(name, names)
      return `the environment variable ${name} is unknown and has no effect${meant ? `; did you mean ${meant}?` : ''}`
    })
}
