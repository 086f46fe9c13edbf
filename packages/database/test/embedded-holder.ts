// Has an embedded database open until it is killed. node embedded-holder.ts <dataDir>
import { openDatabase } from '../src/index.ts'

const [dataDir = ''] = process.argv.slice(2)
await openDatabase({ driver: 'embedded', dataDir })
process.stdout.write('open\n')
setInterval(() => undefined, 60_000)
