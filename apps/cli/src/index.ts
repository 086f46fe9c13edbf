export { type ExitCode, exitCodeOf, exitCodes } from './exit-code.ts'
export type { CommandIo } from './io.ts'
export { buildProgram } from './program.ts'
export { run } from './run.ts'
