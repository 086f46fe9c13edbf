// Registers projects in an embedded database until it is killed; prints each name once the database has answered.
import { openDatabase } from '../src/index.ts'

const [dataDir = '', prefix = ''] = process.argv.slice(2)
const database = await openDatabase({ driver: 'embedded', dataDir })
for (let count = 0; ; count++) {
  const name = `${prefix}_${count}`
  await database.rpc('project_register', { p_name: name })
  process.stdout.write(`${name}\n`)
}
