import { GatewayError } from '@core/router'
import type { FastifyRequest } from 'fastify'

/** Of a client's headers those that a provider may see. */
const passedHeaders = ['anthropic-version', 'anthropic-beta', 'openai-beta'] as const

type Header = string | string[] | undefined

export function accountOf(header: Header, project: string): string {
  if (header === undefined) return project
  const account = decode(header)
  if (account === project || account.startsWith(`${project}/`)) return account
  throw new GatewayError('account_not_found', 'Core-Account names no account of this project')
}

const noTags: readonly string[] = []

export function tagsOf(header: Header): readonly string[] {
  if (header === undefined) return noTags
  const tags = decode(header)
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
  if (tags.length <= 10 && tags.every((tag) => tag.length <= 100)) return tags
  throw new GatewayError('invalid_request', 'Core-Tags takes at most 10 tags of 100 characters')
}

export function keyOf(header: Header): string | undefined {
  if (header === undefined) return undefined
  if (typeof header === 'string' && /^[\x21-\x7e][\x20-\x7e]{0,149}$/.test(header)) return header
  throw new GatewayError('invalid_request', 'Idempotency-Key must be 1 to 150 printable ASCII characters')
}

export function secondsOf(header: Header): number | undefined {
  if (header === undefined) return undefined
  const seconds = typeof header === 'string' && /^\d{1,5}$/.test(header) ? Number(header) : 0
  if (seconds >= 1 && seconds <= 86_400) return seconds
  throw new GatewayError('invalid_request', 'Core-Cache must be whole seconds from 1 to 86400')
}

export function textOf(header: Header): string | undefined {
  return typeof header === 'string' && header.length > 0 && header.length <= 1_000 ? header : undefined
}

/** Node reads the bytes of a field as Latin-1, as `fetch` writes them; most other clients write UTF-8. */
function decode(header: string | string[]): string {
  const text = String(header)
  if (/^[\t -~]*$/.test(text)) return text
  try {
    return utf8.decode(Buffer.from(text, 'latin1'))
  } catch {
    return text
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

export function passed(headers: FastifyRequest['headers']): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of passedHeaders) {
    const value = headers[name]
    if (typeof value === 'string') found[name] = value
  }
  return found
}
