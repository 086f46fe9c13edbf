export { createFlags, type Flags, type FlagsDependencies, type FlagsStatus } from './flags/create-flags.ts'
export { declareFlags, type FlagDeclaration, type FlagDeclarations, type FlagValue } from './flags/declare-flags.ts'
