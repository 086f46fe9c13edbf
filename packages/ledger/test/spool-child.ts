// A process that puts entries into a spool until it is killed: node spool-child.ts <file> <received> <name>. It prints
// `kept <key>` when an entry is on disk; what is sent is a line of the file <received>.
import { appendFileSync, writeSync } from 'node:fs'
import { CoreError } from '@core/foundation'
import { openSpool } from '../src/spool.ts'

const [file = '', received = '', name = ''] = process.argv.slice(2)
let sent = 0
const spool = await openSpool({
  file,
  compactBytes: 4_000,
  async send({ key }) {
    if (++sent % 3 === 0) throw new CoreError('E_DATABASE_UNAVAILABLE', 'away') // sent again after a pause
    appendFileSync(received, `${key}\n`)
  },
})
writeSync(1, `found ${spool.pending}\n`)
for (let nth = 0; ; nth += 5) {
  const keys = Array.from({ length: 5 }, (_, at) => `${name}-${nth + at}`)
  await Promise.all(
    keys.map(async (key) => {
      await spool.put({ key, value: { key } })
      writeSync(1, `kept ${key}\n`)
    }),
  )
}
