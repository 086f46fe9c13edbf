import { CoreError, isCoreError, isObject, primaryError, redactSecrets } from '@core/foundation'
import { CommanderError } from 'commander'
import { exitCodeOf, exitCodes } from './exit-code.ts'
import type { CommandIo } from './io.ts'
import { knownSecrets } from './known-secrets.ts'
import { buildProgram } from './program.ts'
import { trackOutput } from './track-output.ts'

/** Runs one command line and returns its exit code; nothing is thrown and the process is not ended. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  if (args.some((arg) => /^(-{0,2}\w[\w-]*=)?ck_(live|test)_/.test(arg))) {
    io.stderr.write(
      'core: a key does not belong on the command line: other users see it in the process list, and the shell keeps it.\n' +
        '  fix: set CORE_KEY, or pipe the key and add --key-stdin.\n',
    )
    return exitCodes.usage
  }
  const asJson = args.includes('--json')
  const secrets = knownSecrets(io.env)
  const redact = (text: string) => redactSecrets(text, secrets)
  const report = (error: unknown) =>
    io.stderr.write(asJson ? `${toJson({ error: toPlain(error) }, redact)}\n` : redact(explain(error)))
  const output = trackOutput(io.stdout)
  const signal = AbortSignal.any([io.signal, output.signal])
  const exitCode = await runVerb(args, { ...io, stdout: output.stdout, signal }, asJson, (error) => {
    if (error !== output.signal.reason) report(error)
  })
  const lost = await output.settled()
  if (lost === undefined) return exitCode
  report(lost)
  return exitCode === exitCodes.ok ? exitCodes.failure : exitCode
}

async function runVerb(
  args: readonly string[],
  io: CommandIo,
  asJson: boolean,
  report: (error: unknown) => void,
): Promise<number> {
  const writeUsageError = (text: string) => asJson || io.stderr.write(text)
  try {
    let exitCode: number = exitCodes.ok
    const exit = (code: number) => {
      exitCode = code
    }
    await buildProgram(io, exit, writeUsageError).parseAsync(args, { from: 'user' })
    return exitCode
  } catch (thrown) {
    const error = primaryError(thrown)
    if (!(error instanceof CommanderError)) {
      report(error)
      return exitCodeOf(error)
    }
    // Help and version are no errors; everything else is misuse, which commander has printed already, but not as JSON.
    if (error.exitCode === 0) return exitCodes.ok
    if (asJson) report(toMisuse(error))
    return exitCodes.usage
  }
}

/** For people: what happened, and what to do about it. A fault of our own shows its stack instead, one of the system does not. */
function explain(error: unknown): string {
  if (isSystemFault(error)) return `core: ${error.message}\n`
  if (!isCoreError(error)) return `core: ${error instanceof Error ? error.stack : String(error)}\n`
  const { message, details } = error
  const fix = fixOf(error)
  const repeat = details['repeatWith']
  return `core: ${message}\n${fix ? `  fix: ${fix}\n` : ''}${repeat ? `  the outcome is unknown; to be sure, repeat with ${repeat}\n` : ''}`
}

/** A request names its project in its path, a command by an option. */
function fixOf({ fix, details }: CoreError): string | undefined {
  const { errors } = details
  const needsProject =
    Array.isArray(errors) && errors.some((fault) => isObject(fault) && fault['location'] === 'path.project')
  return needsProject ? 'Add --project, or set CORE_PROJECT; core project list shows the names.' : fix
}

/** What the system refused: a file that cannot be opened, a disk that is full. Its message has the operation and the path. */
function isSystemFault(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}

function toMisuse({ code, message }: CommanderError): CoreError {
  const isHelp = code === 'commander.help' // shown instead of a verb
  return new CoreError('E_INVALID', isHelp ? 'a verb is missing' : message.replace(/^error: /, ''), {
    fix: 'Run core --help, or --help after any verb.',
  })
}

function toJson(value: object, redact: (text: string) => string): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'string' ? redact(member) : member))
}

function toPlain(error: unknown): object {
  if (!isCoreError(error))
    return { code: 'E_INTERNAL', message: error instanceof Error ? error.message : String(error) }
  const { code, message, retryable, details } = error
  const fix = fixOf(error)
  return { code, message, ...(fix ? { fix } : {}), retryable, details }
}
