import type { Ratio } from '../measure.ts'
import { type Row, toRow } from '../row.ts'

/**
 * What a thing measured twice differs from itself, in the round where it differed most: ratios of this run that lie
 * closer to each other say nothing. 1 would be a silent machine.
 */
export function noiseRow(name: string, { lowest, highest }: Ratio): Row {
  return toRow(`${name}, worst round`, Math.max(highest, 1 / lowest), 'ratio')
}
