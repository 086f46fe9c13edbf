/**
 * Changes that the shared tier has not heard of because it was away. They are made there before anything is read again:
 * a value that was deleted meanwhile must not come back.
 */
export interface OutageLog {
  readonly isEmpty: boolean
  noteKeys(namespace: string, keys: readonly string[]): void
  noteTags(namespace: string, tags: readonly string[]): void
  noteClear(namespace: string): void
  /** Sends everything noted. What is noted meanwhile stays for the next time; a failure keeps what was not sent. */
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

  function note(namespace: string, change: (of: Pending) => void): void {
    const of = pending.get(namespace) ?? { keys: new Set(), tags: new Set(), isCleared: false }
    pending.set(namespace, of)
    if (of.isCleared) return // a clear covers what came before it, and what comes after waits for it
    change(of)
    if (of.keys.size + of.tags.size > maxNames) of.isCleared = true
    if (of.isCleared) {
      of.keys.clear()
      of.tags.clear()
    }
  }

  return {
    get isEmpty() {
      return pending.size === 0
    },
    noteKeys: (namespace, keys) =>
      note(namespace, (of) => {
        for (const key of keys) of.keys.add(key)
      }),
    noteTags: (namespace, tags) =>
      note(namespace, (of) => {
        for (const tag of tags) of.tags.add(tag)
      }),
    noteClear: (namespace) =>
      note(namespace, (of) => {
        of.isCleared = true
      }),
    async replay(sink) {
      for (const [namespace, of] of [...pending]) {
        if (of.isCleared) await sink.clear(namespace)
        for (const keys of batches(of.keys)) {
          await sink.delete(namespace, keys)
          for (const key of keys) of.keys.delete(key)
        }
        for (const tags of batches(of.tags)) {
          await sink.invalidate(namespace, tags)
          for (const tag of tags) of.tags.delete(tag)
        }
        if (of.keys.size === 0 && of.tags.size === 0) pending.delete(namespace)
      }
    },
  }
}

function batches(names: ReadonlySet<string>): string[][] {
  const all = [...names]
  return Array.from({ length: Math.ceil(all.length / batchSize) }, (_, index) =>
    all.slice(index * batchSize, (index + 1) * batchSize),
  )
}
