// Preloaded into a process and its threads: adds one byte to a file for each call of fsync, which still happens.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { fsyncSync } = fs
fs.fsyncSync = (descriptor) => {
  fsyncSync(descriptor)
  fs.appendFileSync(process.env.COUNT_FSYNC_FILE, '.')
}
syncBuiltinESMExports()
