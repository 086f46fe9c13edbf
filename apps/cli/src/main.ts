#!/usr/bin/env node
import process from 'node:process'
import { CoreError } from '@core/foundation'
import { run } from './run.ts'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort(new CoreError('E_ABORTED', `stopped by ${signal}`)))
}
// `core credits history | head` closes our output early; that is no fault.
process.stdout.on('error', (error) => process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1))

const exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signal: stop.signal,
})
// What is still open by then (idle connections, a shutdown that was cut off) must not keep the process.
process.stdout.write('', () => process.exit(exitCode))
