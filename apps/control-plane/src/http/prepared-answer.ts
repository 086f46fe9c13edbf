import { gzipSync } from 'node:zlib'
import type { RouteContract } from '@core/api'
import { CoreError } from '@core/foundation'
import { toEntityTag } from './precondition.ts'

/** An answer that is the same for every caller: checked against its contract, written, compressed and tagged once. */
export interface PreparedAnswer {
  readonly text: string
  readonly entityTag: string | undefined
  /** Made when the first caller accepts it. */
  gzip(): Buffer
}

export function prepareAnswer(
  contract: Pick<RouteContract, 'operation' | 'outputs'>,
  body: Readonly<Record<string, unknown>> | string,
): PreparedAnswer {
  const text = writeAnswer(contract, body)
  let compressed: Buffer | undefined
  return {
    text,
    entityTag: toEntityTag('read', typeof body === 'string' ? { body } : body),
    gzip() {
      compressed ??= gzipSync(text)
      return compressed
    },
  }
}

/** An answer of a caller as text, checked against its contract. */
export function writeAnswer(
  { operation, outputs }: Pick<RouteContract, 'operation' | 'outputs'>,
  body: Readonly<Record<string, unknown>> | string,
): string {
  const parsed = outputs[200]?.safeParse(body)
  if (!parsed?.success) {
    throw new CoreError('E_INTERNAL', `the answer of ${operation} does not fit its contract`, { cause: parsed?.error })
  }
  return typeof parsed.data === 'string' ? parsed.data : JSON.stringify(parsed.data)
}
