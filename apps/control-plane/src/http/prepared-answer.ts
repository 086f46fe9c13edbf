import type { RouteContract } from '@core/api'
import { CoreError } from '@core/foundation'
import { toEntityTag } from './precondition.ts'

/** An answer that is the same for every caller: checked against its contract, written and tagged once. */
export interface PreparedAnswer {
  readonly text: string
  readonly entityTag: string | undefined
}

export function prepareAnswer(
  { operation, outputs }: Pick<RouteContract, 'operation' | 'outputs'>,
  body: Readonly<Record<string, unknown>>,
): PreparedAnswer {
  const parsed = outputs[200]?.safeParse(body)
  if (!parsed?.success) {
    throw new CoreError('E_INTERNAL', `the answer of ${operation} does not fit its contract`, { cause: parsed?.error })
  }
  return { text: JSON.stringify(parsed.data), entityTag: toEntityTag('read', body) }
}
