// A sibling's own test: a migrated database on a real server, called directly and through the stand-in of Supabase.
import { openDatabase } from '@core/database'
import { createTestDatabase, holdTestServer, startSupabaseServer } from '@core/database/testing'

const server = await holdTestServer()
const test = await createTestDatabase()
await test.database.rpc('project_register', { p_name: 'manus_origin' })
const supabase = await startSupabaseServer(test.url)
const database = await openDatabase({ driver: 'supabase', url: supabase.url, key: supabase.serviceKey })
const { projects } = await database.rpc('project_list', {})
await database.close()
await supabase.halt()
await test.drop()
await server.release()

console.log(JSON.stringify(projects.map(({ name }) => name)))
