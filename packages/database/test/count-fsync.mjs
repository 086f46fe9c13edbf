// Preloaded into a process and its threads: counts the calls of fsync, which still happen, in a file.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { fsyncSync } = fs
let count = 0
fs.fsyncSync = (descriptor) => {
  fsyncSync(descriptor)
  fs.writeFileSync(process.env.COUNT_FSYNC_FILE, String(++count))
}
syncBuiltinESMExports()
