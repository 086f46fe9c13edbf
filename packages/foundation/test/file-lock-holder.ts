// Takes a lock, says so, and keeps it until it is killed, or exits at once without a
// release. node file-lock-holder.ts <file> [exit]
import { writeSync } from 'node:fs'
import { CoreError, isCoreError } from '../src/index.ts'
import { lockFile } from '../src/lock/file-lock.ts'

const [file = '', mode] = process.argv.slice(2)
try {
  await lockFile({ path: file, locked: (pid) => new CoreError('E_CONFLICT', `locked by ${pid}`) })
  writeSync(1, 'held\n')
  if (mode === 'exit') process.exit(0)
  setInterval(() => undefined, 60_000)
} catch (error) {
  writeSync(1, isCoreError(error, 'E_CONFLICT') ? 'locked\n' : `${String(error)}\n`)
}
