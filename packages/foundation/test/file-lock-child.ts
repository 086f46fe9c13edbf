// Takes a lock again and again, and says when somebody else was inside at the same time. Leaves by releasing
// it, or killed with -9 while it holds it. node file-lock-child.ts <file> <rounds>
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { CoreError, isCoreError } from '../src/index.ts'
import { lockFile } from '../src/lock/file-lock.ts'

const [file = '', rounds = '0'] = process.argv.slice(2)
const locked = () => new CoreError('E_CONFLICT', 'locked')
const inside = `${file}.inside`

for (let round = 0; round < Number(rounds); ) {
  try {
    const lock = await lockFile({ path: file, locked })
    round += 1
    try {
      closeSync(openSync(inside, 'wx'))
    } catch {
      writeSync(1, 'two at once\n')
    }
    await sleep(Math.random() * 3)
    rmSync(inside, { force: true })
    writeSync(1, 'was inside\n')
    if (Math.random() < 0.15) process.kill(process.pid, 'SIGKILL')
    await lock[Symbol.asyncDispose]()
  } catch (error) {
    if (!isCoreError(error, 'E_CONFLICT')) throw error
    await sleep(Math.random() * 3)
  }
}
