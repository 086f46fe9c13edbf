import { CoreError } from '@core/foundation'
import type { OutputStreams } from './output.ts'

export interface TrackedOutput {
  readonly stdout: OutputStreams['stdout']
  /** Aborts at the first write that fails: what a verb still has to write would be lost too. */
  readonly signal: AbortSignal
  /** Resolves once every write is done, with what went wrong first. */
  settled(): Promise<CoreError | undefined>
}

/** Output that is lost is a failure of the command: a full disk, or a reader that has gone away. */
export function trackOutput(stdout: OutputStreams['stdout']): TrackedOutput {
  const failed = new AbortController()
  const pending = new Set<Promise<void>>()
  let lost: CoreError | undefined
  const write = (text: string, done: (error?: Error | null) => void = () => {}) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    pending.add(promise)
    stdout.write(text, (error) => {
      if (error && lost === undefined) {
        lost = toLost(error)
        failed.abort(lost)
      }
      done(error)
      pending.delete(promise)
      resolve()
    })
  }
  return {
    stdout: { write, ...(stdout.isTTY === undefined ? {} : { isTTY: stdout.isTTY }) },
    signal: failed.signal,
    async settled() {
      await Promise.all(pending)
      return lost
    },
  }
}

function toLost(error: Error): CoreError {
  const code = 'code' in error ? String(error.code) : error.message
  return new CoreError('E_ABORTED', `the output could not be written: ${code}`, {
    cause: error,
    fix: 'The command may have had its effect; check that before you run it again.',
    details: { code },
  })
}
