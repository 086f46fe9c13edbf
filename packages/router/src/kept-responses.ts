/** Who answered the responses of a caller, and what of them no provider keeps. */
export interface KeptResponses {
  find(name: ResponseName): Promise<KeptResponse | undefined>
  /** Resolves when it outlives this process. */
  keep(name: ResponseName, response: KeptResponse): Promise<void>
  remove(name: ResponseName): Promise<void>
}

export interface ResponseName {
  readonly project: string
  /** Which credential called. */
  readonly subject: string
  readonly id: string
}

export interface KeptResponse {
  /** The provider that answered, which alone can continue it. */
  readonly provider: string
  /** Whose provider it is; null for one of all projects. */
  readonly providerProject: string | null
  readonly model: string
  /** Of the conversation up to it. */
  readonly tokens: number
  /** Undefined where the provider keeps it. */
  readonly content: ResponseContent | undefined
}

export interface ResponseContent {
  /** All items that the model read. */
  readonly input: readonly unknown[]
  /** As it was answered. */
  readonly response: Readonly<Record<string, unknown>>
}

/** Whether a text has the form of an id, which is part of an address at its provider. */
export function isResponseId(id: unknown): id is string {
  return typeof id === 'string' && /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}$/.test(id)
}
