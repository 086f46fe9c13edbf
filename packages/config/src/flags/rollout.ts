import { hash } from 'node:crypto'

/** A whole, in hundredths of a percent. */
export const wholeRolloutBasisPoints = 10_000

/**
 * Where a unit is in [0, 10000) for one flag: the first four bytes of SHA-256 over `name:unit` in UTF-8, as an
 * unsigned big-endian number, modulo 10000. The flag's name is part of it so that different flags pick different units.
 * In SQL: `('x' || encode(substr(sha256(convert_to(name || ':' || unit, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint % 10000`.
 */
export function rolloutBucket(name: string, unit: string): number {
  return hash('sha256', `${name}:${unit}`, 'buffer').readUInt32BE(0) % wholeRolloutBasisPoints
}

/**
 * Whether a roll-out reaches a unit. Its bucket never changes, so the answer is always the same for the same share, and
 * raising the share only adds units. Without a unit, only the whole reaches.
 */
export function isInRollout(name: string, unit: string | undefined, rolloutBasisPoints: number): boolean {
  if (rolloutBasisPoints >= wholeRolloutBasisPoints) return true
  return unit !== undefined && rolloutBucket(name, unit) < rolloutBasisPoints
}
