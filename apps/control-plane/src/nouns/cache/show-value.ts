import { isDeepStrictEqual } from 'node:util'
import { structuredCodec } from '@core/cache'
import { findUnstorable } from '@core/foundation'

export type ShownValue = { readonly encoding: 'json' | 'devalue' | 'base64'; readonly value: unknown }

/** A stored value as REST shows it; undefined where this version cannot decode it. */
export function showValue(bytes: Uint8Array): ShownValue | undefined {
  try {
    const value = structuredCodec.decode(bytes)
    if (value instanceof Uint8Array) return { encoding: 'base64', value: Buffer.from(value).toString('base64') }
    if (isJson(value)) return { encoding: 'json', value }
    return { encoding: 'devalue', value: Buffer.from(bytes.subarray(1)).toString('utf8') }
  } catch {
    return undefined
  }
}

/** Whether JSON says all of it. */
function isJson(value: unknown): boolean {
  if (value === undefined || findUnstorable(value) !== undefined) return false
  return isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value)
}
