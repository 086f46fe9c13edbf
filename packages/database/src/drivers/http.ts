import { type Clock, CoreError, fetchDirectly, type Logger, raceSignal, stringifyExact } from '@core/foundation'
import type { Database, HttpConfig } from '../database.ts'
import type { Json } from '../json.ts'
import { createRestDatabase } from './rest-database.ts'
import { type RestFault, toRestError } from './rest-error.ts'

export interface HttpDependencies {
  timeoutMs: number
  logger: Logger
  clock: Clock
}

/**
 * `POST /rest/v1/rpc/{function}` by fetch, of a control plane or of PostgREST: the driver for callers that have a URL
 * and a key. It needs no library. Redirects are refused: a key goes to the address it was given for and nowhere else.
 */
export function createHttpDatabase(config: HttpConfig, dependencies: HttpDependencies): Database {
  const base = `${parseUrl(config.url)}/rest/v1/rpc/`
  const send = config.fetch ?? fetch

  return createRestDatabase({
    ...dependencies,
    driver: 'http',
    async send(name, args, signal) {
      const key = await raceSignal(Promise.resolve(readKey(config.key)), signal)
      const headers = {
        authorization: `Bearer ${key}`,
        apikey: config.apiKey ?? key, // a gateway of Supabase knows its own keys alone
        'content-profile': 'core_api',
        'content-type': 'application/json',
      }
      const body = stringifyExact(`core_api.${name}`, args)
      const url = base + encodeURIComponent(name)
      try {
        const response = await fetchDirectly(send, url, { method: 'POST', headers, body, signal })
        const text = await response.text()
        if (response.ok) return parseAnswer(name, text)
        throw toRestError(name, response.status, parseFault(response, text))
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof CoreError) throw error
        throw toRestError(name, 0, { message: reasonOf(error) })
      }
    },
  })
}

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) {
    if (url.username || url.password || url.search || url.hash) {
      throw new CoreError('E_INVALID', 'the URL of a database holds a user, a query or a fragment', {
        fix: 'Give the address alone, such as https://core.example.com, and the key beside it.',
      })
    }
    return url.href.replace(/\/+$/, '')
  }
  throw new CoreError('E_INVALID', 'the URL of a database must be https, or http on this machine', {
    fix: 'Use https://…; http://127.0.0.1:4242 is for the same machine: a key in clear can be read on the way.',
  })
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}

/** Asked for each call, so that a key which expires is renewed by its owner. */
async function readKey(key: HttpConfig['key']): Promise<string> {
  const text = typeof key === 'string' ? key : await key()
  if (/^[\x21-\x7e]+$/.test(text)) return text
  throw new CoreError('E_INVALID', 'the key of a database is empty or holds characters that no header can carry', {
    fix: 'Copy the key again, without blanks and line breaks.',
  })
}

function parseAnswer(name: string, text: string): Json {
  if (text === '') return null // of a function that returns nothing
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CoreError('E_DATABASE_UNAVAILABLE', `core_api.${name}: the answer is no JSON`, {
      cause,
      fix: 'Check that the URL is that of a control plane or of a Supabase project; something else answers there.',
    })
  }
}

/** PostgREST's JSON; of a page that a gateway made, only its status says something. */
function parseFault(response: Response, text: string): RestFault {
  const fallback = { message: `${response.status} ${response.statusText}`.trim() }
  try {
    const { code, message = fallback.message, details, hint } = JSON.parse(text)
    return { code: fieldOf(code), message: String(message), details: fieldOf(details), hint: fieldOf(hint) }
  } catch {
    return fallback
  }
}

function fieldOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** fetch says "fetch failed"; its cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message
    ? `${error.message}: ${error.cause.message}`
    : error.message
}
