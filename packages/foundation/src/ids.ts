const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * Makes a source of uuids of version 7 (RFC 9562, method 1): 48 bits of milliseconds, then a 12-bit counter that keeps
 * ids made in one millisecond in order, then 62 random bits. The ids of one source sort by creation, also while its
 * clock stops or goes back; time-ordered keys let Postgres append to its indexes instead of splitting pages all
 * over them. `now` gives whole milliseconds since the epoch.
 */
export function createUuidv7(now: () => number = Date.now): () => string {
  const pool = new Uint8Array(8 * 256)
  let next = pool.length
  let lastMs = -1
  let sequence = 0
  let time = ''
  const random = () => hex[pool[next++] as number]

  return () => {
    const nowMs = now()
    const isNewMs = nowMs > lastMs || sequence === 0xfff
    if (isNewMs) {
      lastMs = Math.max(nowMs, lastMs + 1) // borrows from the next millisecond rather than repeat or go back
      const digits = lastMs.toString(16).padStart(12, '0')
      time = `${digits.slice(0, 8)}-${digits.slice(8)}`
    }
    sequence = isNewMs ? 0 : sequence + 1
    if (next === pool.length) {
      globalThis.crypto.getRandomValues(pool)
      next = 0
    }
    const counted = `${time}-${hex[0x70 | (sequence >>> 8)]}${hex[sequence & 0xff]}`
    const variant = hex[0x80 | ((pool[next++] as number) & 0x3f)]
    const node = `${random()}${random()}${random()}${random()}${random()}${random()}`
    return `${counted}-${variant}${random()}-${node}`
  }
}

/** A uuid of version 7 by the system's clock. Ids of one process sort by creation. */
export const uuidv7: () => string = createUuidv7()
