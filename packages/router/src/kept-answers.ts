/** Where answers are kept for those who send an Idempotency-Key again. */
export interface KeptAnswers {
  find(name: AnswerName): Promise<KeptAnswer | undefined>
  keep(name: AnswerName, answer: KeptAnswer): Promise<void>
}

export interface AnswerName {
  readonly project: string
  /** SHA-256 of the key and of whose it is. */
  readonly keyHash: string
}

export interface KeptAnswer {
  /** SHA-256 of all that was asked for. */
  readonly requestHash: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
