#!/usr/bin/env node
import process from 'node:process'
import { withDotEnv } from '@core/config'
import { CoreError } from '@core/foundation'
import { run } from './run.ts'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort(new CoreError('E_ABORTED', `stopped by ${signal}`)))
}
// `run` hears of a failed write from the write itself. `core start | head -1` continues serving, without its log.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

const exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: withDotEnv(process.env, process.cwd()),
  cwd: process.cwd(),
  signal: stop.signal,
})
// What is still open by then (idle connections, a shutdown that was cut off) must not keep the process.
process.exit(exitCode)
