import { CoreError } from '@core/foundation'
import { z } from 'zod'

/** @throws CoreError E_INVALID where the text is not JSON. */
export function parsePayload(text: string) {
  const parsed = z.string().transform(toJson).pipe(z.json()).safeParse(text)
  if (parsed.success) return parsed.data
  throw new CoreError('E_INVALID', 'the payload is not JSON', { fix: `Quote it for the shell: '{"doc": 7}'.` })
}

function toJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'not JSON' })
    return z.NEVER
  }
}
