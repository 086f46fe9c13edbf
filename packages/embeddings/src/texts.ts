import { createHash } from 'node:crypto'
import { CoreError } from '@core/foundation'

const maxBytes = 1024 * 1024

/** Where a text came from: part of what a refusal says. */
export interface TextPlace {
  readonly field: string
  readonly index?: number | undefined
}

/** A text in Unicode's form NFC, so that two ways to write a character are one text. @throws CoreError E_INVALID, E_TOO_LARGE */
export function requireText(text: unknown, name: string, place: TextPlace): string {
  const refuse = (fault: string, at: number) =>
    new CoreError('E_INVALID', `${name} has ${fault} at ${at}`, {
      fix: 'Remove it before you send the text.',
      details: { ...place, at },
    })
  if (typeof text !== 'string') throw new CoreError('E_INVALID', `${name} is not a text`, { details: { ...place } })
  if (text.includes('\0')) throw refuse('NUL', text.indexOf('\0'))
  if (!text.isWellFormed()) throw refuse('half of a surrogate pair', text.search(/\p{Surrogate}/u))
  if (Buffer.byteLength(text) <= maxBytes) return text.normalize('NFC')
  throw new CoreError('E_TOO_LARGE', `${name} is larger than 1 MB`, {
    fix: 'Split it into several documents.',
    details: { ...place },
  })
}

export function requireTexts(texts: readonly string[]): string[] {
  return texts.map((text, index) => requireText(text, `text ${index}`, { field: 'text', index }))
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** About how many tokens a text has, where the model does not say. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4)
}
