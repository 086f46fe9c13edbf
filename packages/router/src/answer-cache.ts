/** Answers to the same request of the same project, for clients that ask for it. */
export interface AnswerCache {
  get(name: CacheName): Promise<CachedAnswer | undefined>
  set(name: CacheName, answer: CachedAnswer, ttlSeconds: number): Promise<void>
}

export interface CacheName {
  readonly project: string
  /** SHA-256 of the dialect, the operation, the headers and the body, which names the route. */
  readonly requestHash: string
}

export interface CachedAnswer {
  readonly isStream: boolean
  readonly contentType: string
  /** Of a stream: its events as they were sent. */
  readonly text: string
  readonly target: string
  readonly model: string
  /** What its call was charged, in whole micro-credits. */
  readonly cost: number
}
