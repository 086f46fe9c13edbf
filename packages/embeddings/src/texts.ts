import { createHash } from 'node:crypto'
import { CoreError } from '@core/foundation'

const maxBytes = 1024 * 1024

/** Texts in Unicode's form NFC, so that two ways to write a character are one text. */
export function requireTexts(texts: readonly string[]): string[] {
  return texts.map((text, index) => {
    const fault =
      typeof text !== 'string'
        ? 'is not a text'
        : text.includes('\0')
          ? `has NUL at ${text.indexOf('\0')}`
          : !text.isWellFormed()
            ? `has half of a surrogate pair at ${[...text].findIndex((part) => !part.isWellFormed())}`
            : Buffer.byteLength(text) > maxBytes
              ? 'is larger than 1 MB'
              : undefined
    if (fault === undefined) return text.normalize('NFC')
    throw new CoreError(fault.endsWith('MB') ? 'E_TOO_LARGE' : 'E_INVALID', `text ${index} ${fault}`, {
      fix: fault.endsWith('MB') ? 'Split it into several documents.' : 'Remove it before you send the text.',
      details: { field: 'text', index },
    })
  })
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** About how many tokens a text has, where the model does not say. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4)
}
