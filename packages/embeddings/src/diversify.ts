import type { Hit } from './space.ts'
import { cosine } from './vector.ts'

/** Maximal marginal relevance (Carbonell and Goldstein, 1998): each next hit is the best that is least like those taken. */
export function diversify(hits: readonly Hit[], { k, lambda }: { k: number; lambda: number }): Hit[] {
  if (!(lambda >= 0 && lambda <= 1)) throw new RangeError('lambda of mmr must be from 0 to 1')
  const best = Math.max(...hits.map(({ score }) => score), Number.MIN_VALUE)
  const left = hits.map((hit) => ({ hit, relevance: hit.score / best, likeness: 0 }))
  const taken: Hit[] = []
  while (taken.length < k && left.length > 0) {
    const gain = ({ relevance, likeness }: (typeof left)[number]) => lambda * relevance - (1 - lambda) * likeness
    const next = left.reduce((one, other) => (gain(other) > gain(one) ? other : one))
    left.splice(left.indexOf(next), 1)
    taken.push(next.hit)
    for (const other of left) {
      other.likeness = Math.max(other.likeness, cosine(next.hit.vector ?? [], other.hit.vector ?? []))
    }
  }
  return taken
}
