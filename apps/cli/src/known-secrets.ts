import { type Environment, settings } from '@core/config'

/** Variables beside those of the configuration whose values may not be printed. */
const commandSecrets = ['CORE_KEY', 'DATABASE_URL', 'PGPASSWORD']

/** The secrets of an environment, with the password of each URL alone: a message may quote only that. */
export function knownSecrets(env: Environment): string[] {
  const variables = [...settings.filter(({ secret }) => secret).map(({ variable }) => variable), ...commandSecrets]
  const values = variables.flatMap((variable) => env[variable] ?? []).filter((value) => value !== '')
  return values.flatMap((value) => [value, ...passwordOf(value)]).sort((one, other) => other.length - one.length)
}

/** As it is written, and as it is meant. */
function passwordOf(url: string): string[] {
  const written = /^[a-z][a-z0-9+.-]*:\/\/[^:/?#]*:(.+)@/is.exec(url)?.[1]
  if (written === undefined) return []
  try {
    return [written, decodeURIComponent(written)]
  } catch {
    return [written]
  }
}
