import { cacheHint, callable } from '@core/api/functions'
import type { Database } from '@core/database'

/** One hint a project at most in so long: those who hear it have one look for many changes. */
const gatherMs = 10
const sendLimitMs = 1_000

/**
 * Wakes the processes that follow a project's caches, soon after a change that came by REST. Without it they find the change
 * with their next poll, so a hint that fails is not reported.
 */
export function createChangeHints(database: Pick<Database, 'rpc'>): (project: string, namespace: string) => void {
  const hint = callable(database, cacheHint)
  /** Any namespace of each project that was changed: a hint names none. */
  const changed = new Map<string, string>()

  async function send(): Promise<void> {
    const hints = [...changed]
    changed.clear()
    for (const [project, namespace] of hints) {
      await hint({ project, namespace }, { timeoutMs: sendLimitMs }).catch(() => undefined)
    }
  }

  return (project, namespace) => {
    if (changed.size === 0) setTimeout(() => void send(), gatherMs).unref()
    changed.set(project, namespace)
  }
}
