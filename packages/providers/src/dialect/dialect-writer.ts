import type { ModelAnswer, ModelDelta } from '../llm/driver.ts'
import type { Finish } from '../llm/message.ts'

/** One answer of a model, in a dialect of HTTP. */
export interface AnswerFacts {
  readonly id: string
  readonly model: string
  /** Seconds since 1970. */
  readonly created: number
  /** Further fields of a response. */
  readonly more?: Readonly<Record<string, unknown>>
}

/** How a dialect writes answers. `usage` is its own JSON (`writeUsage`); undefined leaves it out. */
export interface DialectWriter {
  whole(answer: Omit<ModelAnswer, 'usage'>, usage: object | undefined): object
  stream(): StreamWriter
}

/** The events of one stream, as they go over the wire. */
export interface StreamWriter {
  begin(usage?: object): readonly string[]
  delta(delta: Exclude<ModelDelta, { type: 'end' }>): readonly string[]
  end(finish: Finish, usage: object | undefined): readonly string[]
}

export function toEvent(data: unknown, type?: string): string {
  return `${type === undefined ? '' : `event: ${type}\n`}data: ${JSON.stringify(data)}\n\n`
}
