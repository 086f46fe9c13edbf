// The functions of the database, a line for each noun, and what calls them. Apart from the routes, which need the whole
// of zod: a sibling that calls the database loads this alone.

export * from './audit/functions.ts'
export * from './cache/functions.ts'
export * from './claim/functions.ts'
export { callable, type FunctionPort, toSqlArguments } from './contract/callable.ts'
export type { ArgumentInput, FunctionArguments, JsonArgument, SqlArguments } from './contract/function-argument.ts'
export {
  type AcceptedOf,
  type AnswerOf,
  type DeniedOf,
  type FunctionDescription,
  unknownAnswer,
} from './contract/function-description.ts'
export * from './coordinator/functions.ts'
export * from './embedding/functions.ts'
export * from './error/functions.ts'
export * from './event/functions.ts'
export * from './file/functions.ts'
export * from './flag/functions.ts'
export * from './health/functions.ts'
export * from './insight/functions.ts'
export * from './key/functions.ts'
export * from './ledger/functions.ts'
export * from './limit/functions.ts'
export * from './lock/functions.ts'
export * from './login/functions.ts'
export * from './manifest/functions.ts'
export * from './member/functions.ts'
export * from './message/functions.ts'
export * from './price/functions.ts'
export * from './project/functions.ts'
export * from './router/functions.ts'
export * from './secret/functions.ts'
export * from './session/functions.ts'
export * from './share/functions.ts'
export * from './system/functions.ts'
export * from './task/functions.ts'
export * from './webhook/functions.ts'
