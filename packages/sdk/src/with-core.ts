import type { FlagDeclarations } from '@core/config/flags'
import type { Environment } from './choose-connection.ts'
import type { Core, CoreOptions } from './core.ts'
import { openCore } from './open-core.ts'

/** What Cloudflare hands to each request. */
export interface WaitUntil {
  waitUntil(work: Promise<unknown>): void
}

/**
 * One core for one request of a worker. Keep none in the scope of a module: what one request awaits there cannot be
 * answered by another one's connection, and both hang.
 */
export async function withCore<Answer, const Declarations extends FlagDeclarations = Readonly<Record<never, never>>>(
  env: Readonly<Record<string, unknown>>,
  context: WaitUntil,
  work: (core: Core<Declarations>) => Promise<Answer>,
  options: Omit<CoreOptions<Declarations>, 'env' | 'runtime' | 'project'> & { readonly project?: string } = {},
): Promise<Answer> {
  const texts: Environment = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
  const project = options.project ?? texts['CORE_PROJECT'] ?? ''
  const core = await openCore<Declarations>({ ...options, project, env: texts, runtime: 'worker' })
  try {
    return await work(core)
  } finally {
    context.waitUntil(core.flush().finally(() => core.close()))
  }
}
