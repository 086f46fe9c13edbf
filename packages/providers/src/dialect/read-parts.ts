import { isObject } from '@core/foundation'
import type { Part } from '../llm/message.ts'
import { providerError } from '../llm/provider-error.ts'

export type Json = Readonly<Record<string, unknown>>

/** @throws CoreError E_PROVIDER, reason unsupported: it has no counterpart in the other dialect. */
export function refuseField(what: string): never {
  throw providerError('unsupported', `${what} cannot be translated for this provider`, {
    provider: 'translation',
    sent: false,
  })
}

export function objectsOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** The text of a content: a text, or the texts of its parts. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return objectsOf(content)
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join('')
}

/** A text alone where there is nothing else. */
export function toContent(parts: readonly Part[]): string | readonly Part[] {
  return parts.every((part) => part.type === 'text') ? parts.map(({ text }) => text).join('') : parts
}

export function toFile(base64: string, mediaType: string): Part {
  return { type: 'file', data: new Uint8Array(Buffer.from(base64, 'base64')), mediaType }
}

/** A file in a `data:` address. */
export function readDataUrl(url: unknown, what: string): Part {
  const found = typeof url === 'string' ? /^data:([^;,]+);base64,(.*)$/s.exec(url) : null
  return found === null ? refuseField(`${what} by its address`) : toFile(found[2] ?? '', found[1] ?? '')
}

/** The fields of an object that have a value. */
export function present<Value extends Readonly<Record<string, unknown>>>(
  fields: Value,
): { [Name in keyof Value]?: Exclude<Value[Name], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.assign({}, ...entries.map(([name, value]) => ({ [name]: value })))
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

export function stringsOf(value: unknown): string[] | undefined {
  const list = (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string')
  return list.length === 0 ? undefined : list
}
