import type { Kernel } from './kernel.ts'
import { clearScope, invalidateTag, type Scope } from './scope.ts'
import type { SharedTier } from './shared-tier.ts'
import type { StoreEvent } from './store.ts'

export interface FollowDependencies {
  readonly kernel: Kernel
  readonly shared: SharedTier
  readonly pollMs: number
  readonly scopes: () => Iterable<{ readonly scope: Scope }>
}

/** Drops from memory what other processes changed. Returns what stops it. */
export function followStore({ kernel, shared, pollMs, scopes }: FollowDependencies): () => void {
  let isPolling = false
  const timer = setInterval(() => {
    if (isPolling) return
    isPolling = true
    kernel.background(
      shared
        .poll(() => [...scopes()].map(({ scope }) => scope.name))
        .then((events) => {
          for (const event of events) apply(kernel, scopes, event)
        })
        .finally(() => {
          isPolling = false
        }),
    )
  }, pollMs)
  timer.unref()
  return () => clearInterval(timer)
}

function apply(kernel: Kernel, scopes: FollowDependencies['scopes'], event: StoreEvent): void {
  if (event.type !== 'reset' && event.origin === kernel.holder) return
  for (const { scope } of scopes()) {
    if (event.type === 'reset') {
      kernel.flights.supersedeAll(scope)
      clearScope(scope, kernel.order.next())
      continue
    }
    if (scope.name !== event.namespace) continue
    switch (event.type) {
      case 'clear':
        kernel.flights.supersedeAll(scope)
        clearScope(scope, kernel.order.next())
        break
      case 'tag':
        kernel.flights.supersedeAll(scope, [event.tag])
        invalidateTag(scope, event.tag, kernel.order.next())
        break
      case 'set':
      case 'delete': {
        const name = scope.prefix + event.key
        const entry = kernel.memory.peek(name)
        // News older than what is here changes nothing.
        if (entry?.version !== undefined && entry.version >= event.version) break
        kernel.flights.supersede(name)
        kernel.failures.forget(name)
        kernel.memory.delete(name)
        break
      }
      default:
        event satisfies never
    }
  }
}
