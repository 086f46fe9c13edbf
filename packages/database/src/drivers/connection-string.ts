import { existsSync } from 'node:fs'
import { CoreError, needsPercentEncoding } from '@core/foundation'

/** The modes of libpq with one meaning: with `allow` and `prefer` a network decides whether anything is encrypted. */
const modes = ['disable', 'require', 'verify-ca', 'verify-full']

/**
 * The URL as pg reads it, with the modes of libpq: `require` encrypts and does not ask who answers, `verify-full` does.
 * Throws E_INVALID for what could be misread; no message holds a part of the URL that may be a password.
 */
export function toConnectionString(url: string): string {
  if (needsPercentEncoding(url)) {
    throw new CoreError('E_INVALID', 'the URL of the database has a user or a password that is not percent-encoded', {
      fix: 'Percent-encode the password: / as %2F, ? as %3F, # as %23, @ as %40, % as %25.',
    })
  }
  const [path = '', query = ''] = splitOnce(url)
  const parameters = new URLSearchParams(query)
  const mode = parameters.get('sslmode')
  if (mode === null) return url
  if (!modes.includes(mode)) {
    throw new CoreError('E_INVALID', `the URL of the database has sslmode=${mode}, which Core does not support`, {
      fix: `Use one of: ${modes.join(', ')}.`,
    })
  }
  if (mode === 'verify-ca' && !parameters.has('sslrootcert')) {
    throw new CoreError('E_INVALID', 'the URL of the database has sslmode=verify-ca without a certificate authority', {
      fix: 'Add sslrootcert=<file of the authority>, or use sslmode=verify-full.',
    })
  }
  if (parameters.get('sslrootcert') === 'system') parameters.delete('sslrootcert')
  for (const name of ['sslrootcert', 'sslcert', 'sslkey']) requireFile(name, parameters.get(name))
  parameters.delete('uselibpqcompat')
  return `${path}?${parameters}&uselibpqcompat=true`
}

function requireFile(name: string, file: string | null): void {
  if (file === null || existsSync(file)) return
  throw new CoreError('E_INVALID', `the URL of the database has ${name}=${file}, and there is no such file`, {
    fix: 'Name a file that this user can read.',
  })
}

function splitOnce(url: string): [string, string] {
  const at = url.indexOf('?')
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
}
