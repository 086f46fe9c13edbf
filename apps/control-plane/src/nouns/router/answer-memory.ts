import type { AnswerCache, CachedAnswer, CacheName } from '@core/router'
import { LRUCache } from 'lru-cache'

const maxCharacters = 32 * 1024 * 1024

/** Answers that clients asked to be cached, in the memory of this process: none of them is on a disk. */
export function createAnswerMemory(): AnswerCache {
  const answers = new LRUCache<string, CachedAnswer>({
    maxSize: maxCharacters,
    sizeCalculation: ({ text }) => text.length + 500,
  })
  const keyOf = ({ project, requestHash }: CacheName) => `${project} ${requestHash}`
  return {
    get: async (name) => answers.get(keyOf(name)),
    async set(name, answer, ttlSeconds) {
      answers.set(keyOf(name), answer, { ttl: ttlSeconds * 1_000 })
    },
  }
}
