// Works with an embedded database where little memory is free; prints the most that this process had, in MB.
import { openDatabase } from '../src/index.ts'

process.availableMemory = () => 400 * 2 ** 20
const database = await openDatabase({ driver: 'embedded', dataDir: process.argv[2] ?? '' })
// So often that V8 would optimise the parser.
for (let call = 0; call < 400; call++) await database.rpc('project_list', {})
await database.close()
process.stdout.write(String(process.resourceUsage().maxRSS / 1024))
