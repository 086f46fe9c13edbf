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

/** After hints did not arrive, they are tried again. */
const watchAgainMs = 60_000
/** A hint may come before its change is final: a transaction that began earlier is still open. Then it is looked for again. */
const lookAgainMs = [10, 20, 40, 80, 160]

/** Drops from memory what other processes changed: at each poll, and at once where the store sends hints. Returns what stops it. */
export function followStore({ kernel, shared, pollMs, scopes }: FollowDependencies): () => void {
  const stopped = new AbortController()
  let isLooking = false
  let isHinted = false
  let watchAt = 0

  function look(): void {
    if (isLooking || stopped.signal.aborted) return
    isLooking = true
    kernel.background(
      poll().finally(() => {
        isLooking = false
        if (isHinted) look()
      }),
    )
  }

  async function poll(): Promise<void> {
    for (const pauseMs of [0, ...lookAgainMs]) {
      const wasHinted = isHinted
      if (pauseMs > 0) await kernel.clock.sleep(pauseMs, { signal: stopped.signal, unref: true }).catch(() => undefined)
      if (stopped.signal.aborted) return
      isHinted = false
      const events = await shared.poll(() => [...scopes()].map(({ scope }) => scope.name))
      for (const event of events) apply(kernel, scopes, event)
      if (events.length > 0 || !(wasHinted || pauseMs > 0)) return
    }
  }

  function onHint(): void {
    isHinted = true
    look()
  }

  /** Once it follows, so that a cache that nothing asks of asks nothing of the store. */
  function watch(): void {
    const [first] = scopes()
    if (first === undefined || !shared.isFollowing || kernel.clock.monotonic() < watchAt) return
    watchAt = Number.POSITIVE_INFINITY
    const opening = shared.watch(onHint, first.scope.name, stopped.signal).then(async (watching) => {
      if (watching === undefined) watchAt = kernel.clock.monotonic() + watchAgainMs
      else if (stopped.signal.aborted) await watching[Symbol.asyncDispose]()
      else stopped.signal.addEventListener('abort', () => kernel.background(close(watching)), { once: true })
    })
    kernel.background(opening)
  }

  const timer = setInterval(() => {
    look()
    watch()
  }, pollMs)
  timer.unref()
  return () => {
    clearInterval(timer)
    stopped.abort()
  }
}

async function close(watching: AsyncDisposable): Promise<void> {
  await watching[Symbol.asyncDispose]()
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
