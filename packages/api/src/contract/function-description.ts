import { CoreError } from '@core/foundation'
import { z } from 'zod/mini'
import { createCheck } from './answer-check.ts'
import type { FunctionArguments } from './function-argument.ts'

type AnswerSchema = z.ZodMiniType<object>

/** A function of core_api: what it takes, and what it answers. */
export interface FunctionDescription<
  Name extends string = string,
  Arguments extends FunctionArguments = FunctionArguments,
  Answer = unknown,
> {
  readonly name: Name
  /** By their names outside the database; there `ifMatch` is `p_if_match`. */
  readonly args: Arguments
  /** Everything it may answer: the success, or a denial. */
  readonly schema: z.ZodMiniType
  /** Whether a value is one of its answers. */
  isAnswer(value: unknown): value is Answer
  /** The answer, typed. Throws E_INTERNAL for one of another version of Core. */
  parse(value: unknown): Answer
}

/** What a described function answers. */
export type AnswerOf<Description extends Pick<FunctionDescription, 'parse'>> = ReturnType<Description['parse']>
/** The success among its answers. */
export type AcceptedOf<Description extends Pick<FunctionDescription, 'parse'>> = Extract<
  AnswerOf<Description>,
  { ok: true }
>
/** The denials among its answers. */
export type DeniedOf<Description extends Pick<FunctionDescription, 'parse'>> = Extract<
  AnswerOf<Description>,
  { ok: false }
>

export interface FunctionDefinition<
  Name extends string,
  Arguments extends FunctionArguments,
  Success extends AnswerSchema,
  Denials extends readonly AnswerSchema[],
> {
  readonly name: Name
  readonly args: Arguments
  /** The success, in the database's names. Unknown fields are accepted: a later version may have more. */
  readonly answer: Success
  readonly denials?: Denials
}

/** Describes a function of core_api. A test holds the description equal to the catalog. */
/* @__NO_SIDE_EFFECTS__ */
export function describeFunction<
  const Name extends string,
  const Arguments extends FunctionArguments,
  Success extends AnswerSchema,
  const Denials extends readonly AnswerSchema[] = readonly [],
>({
  name,
  args,
  answer,
  denials,
}: FunctionDefinition<Name, Arguments, Success, Denials>): FunctionDescription<
  Name,
  Arguments,
  z.output<Success> | z.output<Denials[number]>
> {
  type Answer = z.output<Success> | z.output<Denials[number]>
  const schema = denials === undefined ? answer : z.union([answer, ...denials])
  let check: ((value: unknown) => boolean) | undefined
  const isAnswer = (value: unknown): value is Answer => {
    check ??= createCheck(schema) // at the first answer: most processes call few functions
    return check(value)
  }
  return {
    name,
    args,
    schema,
    isAnswer,
    parse(value) {
      if (isAnswer(value)) return value
      throw unknownAnswer(name, schema.safeParse(value).error)
    },
  }
}

/** An answer that does not fit its description: package and database are of different versions. */
export function unknownAnswer(name: string, cause?: unknown): CoreError {
  return new CoreError('E_INTERNAL', `${name} answered in a form that this version of Core does not know`, {
    cause,
    fix: 'Upgrade the @core packages or run `core migrate up`.',
  })
}
