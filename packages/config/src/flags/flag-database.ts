import { type CallOptions, CoreError } from '@core/foundation'
import { z } from 'zod/mini'

/** What flags need of a database; a `Database` of @core/database fits as it is. */
export interface FlagDatabase {
  rpc(
    name: 'flag_list',
    args: { p_project?: string; p_after_version: number },
    options?: { signal?: AbortSignal },
  ): Promise<unknown>
  /** Hints of changes. They may be lost or missing altogether: polling finds every change. */
  listen?(channel: string, onHint: (payload: string) => void, options?: CallOptions): Promise<AsyncDisposable>
}

/** The channel on which the database hints at changed flags. */
export const flagChannel = 'core_flag'

const flagPage = z.object({
  version: z.int(),
  more: z.boolean(),
  flags: z.array(
    z.object({
      name: z.string(),
      project: z.nullable(z.string()),
      value: z.unknown(),
      cleared: z.boolean(),
      rollout_bp: z.int(),
    }),
  ),
})
export type FlagPage = z.output<typeof flagPage>

/**
 * Reads an answer of `core_api.flag_list`.
 * @throws CoreError E_DATABASE_SCHEMA for anything else: the function is of another version.
 */
export function parseFlagPage(answer: unknown): FlagPage {
  const parsed = flagPage.safeParse(answer)
  if (parsed.success) return parsed.data
  throw new CoreError('E_DATABASE_SCHEMA', 'the answer of flag_list is not one this version understands', {
    cause: parsed.error,
    fix: 'Run `core migrate up`, or update this program.',
  })
}
