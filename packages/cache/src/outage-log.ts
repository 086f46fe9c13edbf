/**
 * Changes that the shared tier has not heard of because it was away. They are made there before anything is read again:
 * a value that was deleted meanwhile must not come back.
 */
export interface OutageLog {
  /** False also while something is being sent. */
  readonly isEmpty: boolean
  noteKeys(namespace: string, keys: readonly string[]): void
  noteTags(namespace: string, tags: readonly string[]): void
  noteClear(namespace: string): void
  /** Sends everything noted. What is noted meanwhile stays for the next time; what failed is sent again. */
  replay(sink: OutageSink): Promise<void>
}

export interface OutageSink {
  delete(namespace: string, keys: readonly string[]): Promise<void>
  invalidate(namespace: string, tags: readonly string[]): Promise<void>
  clear(namespace: string): Promise<void>
}

interface Pending {
  readonly keys: Set<string>
  readonly tags: Set<string>
  isCleared: boolean
}

/** Beyond so many names of one namespace the whole of it is cleared instead. */
const maxNames = 10_000
const batchSize = 500

export function createOutageLog(): OutageLog {
  const pending = new Map<string, Pending>()
  let sending = 0

  function note(namespace: string, noted: Pending): void {
    const of = pending.get(namespace) ?? { keys: new Set(), tags: new Set(), isCleared: false }
    pending.set(namespace, of)
    of.isCleared ||= noted.isCleared
    for (const key of noted.keys) of.keys.add(key)
    for (const tag of noted.tags) of.tags.add(tag)
    if (of.keys.size + of.tags.size > maxNames) of.isCleared = true
    if (!of.isCleared) return // else the clear, which is sent later than this, covers the names
    of.keys.clear()
    of.tags.clear()
  }

  return {
    get isEmpty() {
      return pending.size === 0 && sending === 0
    },
    noteKeys: (namespace, keys) => note(namespace, { ...nothing, keys: new Set(keys) }),
    noteTags: (namespace, tags) => note(namespace, { ...nothing, tags: new Set(tags) }),
    noteClear: (namespace) => note(namespace, { ...nothing, isCleared: true }),
    async replay(sink) {
      for (const [namespace, taken] of [...pending]) {
        // Taken out first: what is noted from here on is another change, to be sent after this one.
        pending.delete(namespace)
        sending++
        try {
          if (taken.isCleared) await sink.clear(namespace)
          for (const keys of batches(taken.keys)) await sink.delete(namespace, keys)
          for (const tags of batches(taken.tags)) await sink.invalidate(namespace, tags)
        } catch (error) {
          note(namespace, taken)
          throw error
        } finally {
          sending--
        }
      }
    },
  }
}

const nothing: Pending = { keys: new Set(), tags: new Set(), isCleared: false }

function batches(names: ReadonlySet<string>): string[][] {
  const all = [...names]
  return Array.from({ length: Math.ceil(all.length / batchSize) }, (_, index) =>
    all.slice(index * batchSize, (index + 1) * batchSize),
  )
}
