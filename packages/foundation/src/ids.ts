import { getRandomValues } from 'node:crypto'

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * Makes a source of uuids of version 7 (RFC 9562, method 1): 48 bits of milliseconds, then a 12-bit counter that keeps
 * ids made in one millisecond in order, then 62 random bits. The ids of one source sort by creation, also while its
 * clock stands still or goes back; time-ordered keys let Postgres append to its indexes instead of splitting pages all
 * over them. `now` gives whole milliseconds since the epoch.
 */
export function createUuidv7(now: () => number = Date.now): () => string {
  const pool = new Uint8Array(8 * 256)
  let poolOffset = pool.length
  let lastMs = 0
  let sequence = 0
  const random = (index: number) => pool[poolOffset + index] as number

  return () => {
    const nowMs = now()
    if (nowMs > lastMs) {
      lastMs = nowMs
      sequence = 0
    } else if (++sequence > 0xfff) {
      lastMs++ // borrow from the next millisecond rather than repeat or go back
      sequence = 0
    }
    if (poolOffset + 8 > pool.length) {
      getRandomValues(pool)
      poolOffset = 0
    }
    const high = Math.floor(lastMs / 0x1_0000_0000)
    const low = lastMs >>> 0
    const id =
      `${hex[(high >>> 8) & 0xff]}${hex[high & 0xff]}${hex[low >>> 24]}${hex[(low >>> 16) & 0xff]}-` +
      `${hex[(low >>> 8) & 0xff]}${hex[low & 0xff]}-` +
      `${hex[0x70 | (sequence >>> 8)]}${hex[sequence & 0xff]}-` +
      `${hex[0x80 | (random(0) & 0x3f)]}${hex[random(1)]}-` +
      `${hex[random(2)]}${hex[random(3)]}${hex[random(4)]}${hex[random(5)]}${hex[random(6)]}${hex[random(7)]}`
    poolOffset += 8
    return id
  }
}

/** A uuid of version 7 by the system's clock. Ids of one process sort by creation. */
export const uuidv7: () => string = createUuidv7()
