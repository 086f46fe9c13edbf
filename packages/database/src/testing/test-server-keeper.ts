// A process that owns the test server: started by the first test that needs one, it serves every test process of this
// check-out and leaves when the last of them has. Each client holds a connection to its socket; the system closes
// those of a killed process too, so no count is kept. Run by `leaseTestServer`, detached.
import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { isCoreError } from '@core/foundation'
import pg from 'pg'
import { acquireDataLock } from '../drivers/data-lock.ts'
import { migrationsFolder, readMigrationFiles } from '../migrate/migration-files.ts'
import { migrateCompactly } from './migrate-compactly.ts'
import { startPostgresServer } from './postgres-server.ts'
import { leaseSocket, openTestFolder, type TestServerAddress, testFolder } from './test-server-place.ts'

/** Between two test files there may be no connection for a moment. */
const LINGER_MS = 3_000

await openTestFolder()
const lock = await acquireDataLock(join(testFolder, 'keeper.lock')).catch((error: unknown) => {
  if (isCoreError(error, 'E_DATABASE_LOCKED')) process.exit(0) // another keeper was faster
  throw error
})
const serverFolder = join(testFolder, 'server')
await removeOrphan()
const atStart = await templateName()
const server = await startPostgresServer({ folder: serverFolder, migrated: true })
await administer(`create database ${atStart} template postgres strategy file_copy`)
const templates = new Map([[atStart, Promise.resolve(atStart)]])
const clients = new Set<Socket>()
let lingering: NodeJS.Timeout | undefined
let leaving = false

if (process.platform !== 'win32') await rm(leaseSocket, { force: true })
const leases = createServer(serve).listen(leaseSocket, linger)
process.on('SIGTERM', leave).on('SIGINT', leave)

function serve(client: Socket): void {
  clients.add(client)
  clearTimeout(lingering)
  client.on('error', () => client.destroy())
  client.on('close', () => {
    clients.delete(client)
    if (clients.size === 0) linger()
  })
  // A client that is done says so; the last one to do it waits for the end.
  client.on('data', () => {
    clients.delete(client)
    if (clients.size === 0) void leave()
    else client.end()
  })
  template().then(
    (name) => client.write(`${JSON.stringify({ url: server.url(), template: name } satisfies TestServerAddress)}\n`),
    (error: unknown) => client.end(`${JSON.stringify({ error: String(error) })}\n`),
  )
}

function linger(): void {
  lingering = setTimeout(leave, LINGER_MS)
}

/** The migrated database for the migrations as they are now: they may be edited between two runs of a watch. */
async function template(): Promise<string> {
  const name = await templateName()
  const known = templates.get(name) ?? makeTemplate(name)
  templates.set(name, known)
  known.catch(() => templates.delete(name))
  return known
}

async function makeTemplate(name: string): Promise<string> {
  await administer(`create database ${name} template template0`)
  try {
    await migrateCompactly(server.url(name))
  } catch (error) {
    await administer(`drop database if exists ${name} with (force)`)
    throw error
  }
  return name
}

async function templateName(): Promise<string> {
  const files = await readMigrationFiles(migrationsFolder())
  const hash = createHash('sha256').update(files.map(({ statements }) => statements.join()).join())
  return `template_${hash.digest('hex').slice(0, 16)}`
}

/** Not on the database `postgres`, which is copied. */
async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('template1') })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A keeper that was killed left its server running. */
async function removeOrphan(): Promise<void> {
  const data = join(serverFolder, 'data')
  try {
    const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0])
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8')
    if (pid > 1 && command.includes(data)) process.kill(pid, 'SIGQUIT')
  } catch {
    // None, or gone.
  }
  await rm(serverFolder, { recursive: true, force: true })
}

async function leave(): Promise<void> {
  if (leaving) return
  leaving = true
  leases.close()
  await server.stop()
  await lock[Symbol.asyncDispose]()
  process.exit(0)
}
