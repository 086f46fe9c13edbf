import type { Storable } from '@core/foundation'

/** An argument of a database function: its type there, and `Value`, what a caller sends. */
export interface FunctionArgument<
  Value = unknown,
  Required extends boolean = boolean,
  Name extends string | undefined = string | undefined,
> {
  /** As Postgres names it: `bigint`, `text[]`. */
  readonly type: string
  /** Whether the function has no default for it. */
  readonly required: Required
  /** The name in the database, where it is not derived from the name in the description. */
  readonly sqlName: Name
  /** Only in types. */
  readonly value?: Value
}

type Required<Value> = FunctionArgument<Value, true, undefined>

const required = (type: string) => ({ type, required: true, sqlName: undefined }) as const

export const text: Required<string> = required('text')
export const texts: Required<readonly string[]> = required('text[]')
export const uuid: Required<string> = required('uuid')
export const uuids: Required<readonly string[]> = required('uuid[]')
export const integer: Required<number> = required('integer')
export const integers: Required<readonly number[]> = required('integer[]')
export const bigint: Required<number> = required('bigint')
export const bigints: Required<readonly number[]> = required('bigint[]')
export const flag: Required<boolean> = required('boolean')
/** An instant as ISO 8601 text. */
export const instant: Required<string> = required('timestamp with time zone')
/** A length of time as Postgres reads it: `5 minutes`. */
export const interval: Required<string> = required('interval')
/** A value that is stored or read as JSON; an undefined member is left out. */
export const json: Required<JsonArgument> = required('jsonb')

export type JsonArgument =
  | Exclude<Storable, object>
  | undefined
  | readonly JsonArgument[]
  | { readonly [name: string]: JsonArgument }

/** A text that is one of a few. */
export function oneOf<const Value extends string>(..._values: readonly Value[]): Required<Value> {
  return text as Required<Value>
}

/** An argument with a default in the database, which applies where it is left out. */
/* @__NO_SIDE_EFFECTS__ */
export function optional<Value, Name extends string | undefined>(
  argument: FunctionArgument<Value, true, Name>,
): FunctionArgument<Value, false, Name> {
  return { type: argument.type, required: false, sqlName: argument.sqlName }
}

/** An argument that may be null, with a meaning of its own. */
/* @__NO_SIDE_EFFECTS__ */
export function nullable<Value, IsRequired extends boolean, Name extends string | undefined>(
  argument: FunctionArgument<Value, IsRequired, Name>,
): FunctionArgument<Value | null, IsRequired, Name> {
  return { type: argument.type, required: argument.required, sqlName: argument.sqlName }
}

/** An argument that the database calls otherwise: `named('p_tz', text)` for `timeZone`. */
/* @__NO_SIDE_EFFECTS__ */
export function named<const Name extends string, Value, IsRequired extends boolean>(
  sqlName: Name,
  argument: FunctionArgument<Value, IsRequired>,
): FunctionArgument<Value, IsRequired, Name> {
  return { type: argument.type, required: argument.required, sqlName }
}

export type FunctionArguments = Readonly<Record<string, FunctionArgument>>

/** What a caller sends: the names of the description; what has a default may be left out. */
export type ArgumentInput<Arguments extends FunctionArguments> = Flat<
  {
    readonly [Name in RequiredNames<Arguments>]: ValueOf<Arguments[Name]>
  } & {
    readonly [Name in Exclude<keyof Arguments, RequiredNames<Arguments>>]?: ValueOf<Arguments[Name]> | undefined
  }
>

/** The same as the database takes it. */
export type SqlArguments<Arguments extends FunctionArguments> = Flat<
  {
    -readonly [Name in RequiredNames<Arguments> as SqlNameOf<Name, Arguments[Name]>]: ValueOf<Arguments[Name]>
  } & {
    -readonly [Name in Exclude<keyof Arguments, RequiredNames<Arguments>> as SqlNameOf<Name, Arguments[Name]>]?:
      | ValueOf<Arguments[Name]>
      | undefined
  }
>

type Flat<Value> = { [Name in keyof Value]: Value[Name] }
type ValueOf<Argument> = Argument extends FunctionArgument<infer Value> ? Value : never
type RequiredNames<Arguments extends FunctionArguments> = {
  [Name in keyof Arguments]: Arguments[Name]['required'] extends true ? Name : never
}[keyof Arguments]

type SqlNameOf<Name, Argument> = Argument extends { readonly sqlName: infer SqlName extends string }
  ? SqlName
  : Name extends string
    ? `p_${SnakeCase<Name>}`
    : never
type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : ''

/** The name of an argument in the database: `p_if_match` of `ifMatch`. Made once: it took most of a call's arguments. */
export function toSqlName(name: string, { sqlName }: FunctionArgument): string {
  made[name] ??= `p_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`
  return sqlName ?? made[name]
}

const made: Record<string, string> = {}
