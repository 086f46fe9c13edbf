import { CoreError, redactSecrets } from '@core/foundation'
import type { Setting } from './setting.ts'

export type ConfigSource = 'file' | 'environment' | 'overrides'

/** One thing that is wrong with the configuration. */
export interface ConfigFault {
  /** The environment variable of the setting; undefined where no setting is concerned. */
  variable: string | undefined
  /** The place in `core.config.json`, as `http.port`; empty for the file as a whole. */
  path: string
  source: ConfigSource
  /** What is there, as JSON; secrets are hidden. */
  found: string
  /** What would be right. */
  expected: string
}

/** The one error that lists every fault; `details.faults` holds them as `ConfigFault[]`. */
export function configError(faults: readonly ConfigFault[], file: string): CoreError {
  const lines = faults.map((fault) => `- ${describeFault(fault, file)}`)
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`
  return new CoreError('E_CONFIG_INVALID', `the configuration has ${count}:\n${lines.join('\n')}`, {
    fix: 'Correct each line above; docs/reference/config.md describes every setting.',
    details: { faults, file },
  })
}

function describeFault({ variable, path, source, found, expected }: ConfigFault, file: string): string {
  const setting = variable && path ? `${variable} (${path})` : variable || path
  const place = { file, environment: 'the environment', overrides: 'the overrides' }[source]
  if (!setting) return `${place}: found ${found}; expected ${expected}`
  return `${setting}: found ${found === nothing ? nothing : `${found} in ${place}`}; expected ${expected}`
}

/** How a fault shows a setting that no source has. */
export const nothing = 'nothing'

/** A value as a fault shows it: JSON, short, and hidden where the setting is secret. */
export function showValue(value: unknown, setting?: Pick<Setting, 'secret'>): string {
  if (value === undefined) return nothing
  if (setting?.secret) return `a hidden ${value === null ? 'null' : typeof value === 'string' ? 'text' : typeof value}`
  const text = redactSecrets(JSON.stringify(value) ?? String(value))
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
