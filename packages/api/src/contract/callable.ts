import {
  type ArgumentInput,
  type FunctionArguments,
  type JsonArgument,
  type SqlArguments,
  toSqlName,
} from './function-argument.ts'
import type { FunctionDescription } from './function-description.ts'

/** What calls a function of core_api: `@core/database`, or anything with its `rpc`. */
export interface FunctionPort<Name extends string, Arguments extends FunctionArguments, Options> {
  readonly rpc: (name: Name, args: SqlArguments<Arguments>, options?: Options) => Promise<unknown>
}

/**
 * A function of core_api as a function of TypeScript, typed on both sides by its description: arguments get the
 * database's names, and the answer is checked. Denials are answers; a mismatch of versions is E_INTERNAL.
 */
export function callable<Name extends string, Arguments extends FunctionArguments, Answer, Options>(
  port: FunctionPort<Name, Arguments, Options>,
  description: FunctionDescription<Name, Arguments, Answer>,
): (input: ArgumentInput<Arguments>, options?: Options) => Promise<Answer> {
  return async (input, options) =>
    description.parse(await port.rpc(description.name, toSqlArguments(description.args, input), options))
}

/** The arguments by their names in the database; what the description does not name is left out. */
export function toSqlArguments<Arguments extends FunctionArguments>(
  args: Arguments,
  input: ArgumentInput<Arguments>,
): SqlArguments<Arguments> & Readonly<Record<string, JsonArgument>> {
  const given: Readonly<Record<string, unknown>> = input
  const sent: Record<string, unknown> = {}
  for (const [name, argument] of Object.entries(args)) {
    if (given[name] !== undefined) sent[toSqlName(name, argument)] = given[name]
  }
  return sent as SqlArguments<Arguments> & Readonly<Record<string, JsonArgument>>
}
