import { CoreError } from '@core/foundation'
import { parse, stringify } from 'devalue'

/** Turns values into bytes and back. What it cannot keep, it refuses. */
export interface Codec {
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): unknown
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** One byte before the value says how to read it, so that a later codec can live beside this one. */
const codes = { structured: 1, bytes: 2 } as const

/**
 * JSON and beyond: Date, Map, Set, BigInt, undefined, cycles, typed arrays (through the library devalue), and bytes as
 * they are. Functions, class instances and symbols are refused.
 * @throws CoreError E_INVALID for a value that cannot be kept, with the place in it.
 */
export const structuredCodec: Codec = {
  encode(value) {
    if (value instanceof Uint8Array) return join(codes.bytes, value)
    return join(codes.structured, encoder.encode(toText(value)))
  },
  decode(bytes) {
    const [code] = bytes
    const body = bytes.subarray(1)
    if (code === codes.bytes) return Uint8Array.from(body)
    if (code === codes.structured) return parse(decoder.decode(body))
    throw new CoreError('E_INTERNAL', `a cached value begins with the unknown byte ${String(code)}`)
  },
}

function toText(value: unknown): string {
  try {
    return stringify(value)
  } catch (cause) {
    const path = cause instanceof Error && 'path' in cause ? String(cause.path) : ''
    throw new CoreError(
      'E_INVALID',
      `the value cannot be cached: ${reasonOf(cause)}${path === '' ? '' : ` at ${path}`}`,
      {
        cause,
        fix: 'Cache plain data: JSON values, Date, Map, Set, BigInt and bytes; or give the cache a codec of your own.',
        details: { field: 'value', path },
      },
    )
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

function join(code: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 1)
  bytes[0] = code
  bytes.set(body, 1)
  return bytes
}
