/** The shape of a JSON body, as far as a client checks it: names and types. */
export type BodyShape =
  | 'string'
  | 'number'
  | 'boolean'
  | 'null'
  | 'any'
  | { readonly ref: string }
  | { readonly items: BodyShape }
  | { readonly anyOf: readonly BodyShape[] }
  | {
      /** By name; `name?` may be missing. */
      readonly members: Readonly<Record<string, BodyShape>>
      /** Members that are not named are kept; else they are dropped. */
      readonly isOpen?: true
    }

/** A route as the client needs it. Generated from its contract (`src/generated/operations.ts`). */
export interface WireOperation {
  readonly method: string
  readonly path: string
  /** Takes an Idempotency-Key. */
  readonly isKeyed?: true
  readonly hasBody?: true
  /** Answers with text, not with JSON. */
  readonly isText?: true
  /** The shape of each success, by status. */
  readonly answers: Readonly<Record<number, BodyShape>>
}
