import type { z } from 'zod'

export interface TopicKind<Scope extends string> {
  /** What a credential needs to receive it, beside `event:read`. */
  readonly scope: Scope
  /**
   * `log`: every event is kept and replayed. `state`: an event replaces the one before it about the same thing, so a
   * replay, or a slow reader, gets the newest of each.
   */
  readonly kind: 'log' | 'state'
  readonly summary: string
  /** What `data` holds for each `type`. Later versions may add fields and types. */
  readonly types: Readonly<Record<string, z.ZodType>>
}
