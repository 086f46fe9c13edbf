/**
 * One namespace in this process, and what was invalidated in it: positions in the order of this process. An entry whose
 * read or load began before such a position is void. Invalidating costs the same however many entries carry a tag.
 */
export interface Scope {
  /** The namespace's name, as the shared tier knows it. */
  readonly name: string
  /** What the memory tier writes before each key of this namespace; empty for the first one. */
  readonly prefix: string
  /** Entries that began at or before this position are void. */
  voidBefore: number
  /** Positions at which tags were invalidated. */
  readonly tags: Map<string, number>
  /** The last of them. */
  tagsAt: number
}

/** Counts the events of this process. A number identifies the moment at which something began. */
export interface EventOrder {
  next(): number
}

export function createEventOrder(): EventOrder {
  let position = 0
  return { next: () => ++position }
}

/** Tags remembered for one namespace. Beyond that all its entries are void once, which is safe, and it starts again. */
const maxTags = 100_000

export function invalidateTag(scope: Scope, tag: string, at: number): void {
  if (scope.tags.size >= maxTags) clearScope(scope, at)
  else {
    scope.tags.set(tag, at)
    scope.tagsAt = at
  }
}

export function clearScope(scope: Scope, at: number): void {
  scope.voidBefore = at
  scope.tags.clear()
}

/** Whether a tag of the entry was invalidated after it began. */
export function hasVoidTag(scope: Scope, tags: readonly string[], order: number): boolean {
  for (const tag of tags) {
    const at = scope.tags.get(tag)
    if (at !== undefined && order <= at) return true
  }
  return false
}
