// A process of its own that follows the flag `fast`: prints a line for each value it sees, until its input ends.
import process from 'node:process'
import { createFlags, declareFlags } from '../src/index.ts'
import { openFlagDatabase } from './flag-server.ts'

const declarations = declareFlags({ fast: { description: 'Goes fast.', default: false } })
await using database = await openFlagDatabase(process.argv[2] ?? '')
await using flags = createFlags({ declarations, database, project: process.argv[3] })
await flags.refresh()

const print = () => process.stdout.write(`${flags.get('fast')}\n`)
print()
let last = flags.get('fast')
const timer = setInterval(() => {
  if (flags.get('fast') === last) return
  last = flags.get('fast')
  print()
}, 5)
for await (const _ of process.stdin);
clearInterval(timer)
