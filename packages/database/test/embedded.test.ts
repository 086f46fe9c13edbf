import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { silentLogger, systemClock } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { embeddedPostgresMajor } from '../src/drivers/data-folder.ts'
import { createEmbeddedDriver } from '../src/drivers/embedded.ts'
import { type Database, openDatabase } from '../src/index.ts'
import { createSqlDatabase } from '../src/sql-database.ts'
import { contractFunctions } from '../src/testing/contract.ts'
import { createEmbeddedFolder, prepareEmbeddedFolder, shortLived } from '../src/testing/index.ts'
import { runSql } from '../src/testing/run-sql.ts'

let dataDir: string

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'core-embedded-'))
  await prepareEmbeddedFolder(dataDir)
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

/** Opening takes a second, or twenty on a machine that is busy with other things. */
const WAIT = { timeout: 60_000 }
vi.setConfig({ testTimeout: 240_000 })

/** Another process that has the database open and registers projects, one line of output for each that is answered. */
function startWriter(prefix: string, environment: NodeJS.ProcessEnv = {}) {
  const file = fileURLToPath(new URL('./embedded-writer.ts', import.meta.url))
  const child = spawn(process.execPath, [...shortLived, file, dataDir, prefix], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  const exited = once(child, 'exit')
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  return {
    pid: child.pid,
    lines,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

describe('the embedded database of another process', () => {
  const counter = new URL('./count-fsync.mjs', import.meta.url).href
  let countFile: string
  let writer: ReturnType<typeof startWriter>
  beforeAll(async () => {
    countFile = join(dataDir, 'fsync-count')
    writer = startWriter('first', { NODE_OPTIONS: `--import ${counter}`, COUNT_FSYNC_FILE: countFile })
    // Opening alone syncs a lot, so only what comes after the first answers counts.
    await vi.waitFor(() => expect(writer.lines.length).toBeGreaterThan(5), { timeout: 60_000 })
  })
  afterAll(() => writer?.[Symbol.asyncDispose]())

  test('every answered write was synced to disk', async () => {
    const count = async () => ({ answered: writer.lines.length, synced: (await stat(countFile)).size })
    const before = await count()
    await expect.poll(() => writer.lines.length, WAIT).toBeGreaterThan(before.answered + 50)
    const after = await count()
    expect(after.synced - before.synced).toBeGreaterThanOrEqual(after.answered - before.answered - 2)
  })

  test('it is refused here with the pid of that process, which continues', async () => {
    const error = await openDatabase({ driver: 'embedded', dataDir }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'E_DATABASE_LOCKED', details: { pid: writer.pid } })
    const before = writer.lines.length
    await expect.poll(() => writer.lines.length, WAIT).toBeGreaterThan(before)
  })

  test('processes that are killed lose nothing that they were answered, and their locks are taken over', async () => {
    await writer[Symbol.asyncDispose]()
    await using second = startWriter('second')
    await expect.poll(() => second.lines.length, WAIT).toBeGreaterThan(30)
    await second[Symbol.asyncDispose]()
    await using database = await openDatabase({ driver: 'embedded', dataDir })
    const names = JSON.stringify(await database.rpc('project_list', {}))
    expect([...writer.lines, ...second.lines].filter((line) => !names.includes(`"${line}"`))).toEqual([])
  })
})

describe('the embedded database of this process', () => {
  const runawayMs = 300
  let database: Database
  beforeAll(async () => {
    const driver = await createEmbeddedDriver({ driver: 'embedded', dataDir }, { logger: silentLogger, runawayMs })
    database = createSqlDatabase({ driver, timeoutMs: 10_000, logger: silentLogger, clock: systemClock })
    await runSql(database, contractFunctions)
  })
  afterAll(() => database?.close())

  test('a statement that outlives its caller is stopped, undone, and does not block the others', async () => {
    const args = { p_seconds: 60, p_note: 'never' }
    const error = await database.call('contract_nap', args, { timeoutMs: 100 }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'E_TIMEOUT' })
    expect(await database.call('contract_note', { p_text: 'after' })).toEqual(['after'])
  })

  test('one that only waits behind a long statement is no reason to stop that', async () => {
    await runSql(database, 'truncate core.contract_note; alter sequence core.contract_count restart')
    await database.call('contract_notes', {}) // so that the next two are handed over at once
    const args = { p_seconds: 1, p_note: 'whole' }
    const long = database.call('contract_nap', args, { repeatable: false })
    const waiting = database.call('contract_notes', {}, { timeoutMs: 50 })
    await expect(waiting).rejects.toMatchObject({ code: 'E_TIMEOUT' })
    expect(await long).toBe(1)
    expect(await database.call('contract_notes', {})).toEqual(['whole'])
  })

  test('the event loop continues during 500 queries', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    for (let query = 0; query < 500; query++) await database.call('contract_notes', {})
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(50)
  })

  test('it is refused to the same process too, until it has closed', async () => {
    const error = await openDatabase({ driver: 'embedded', dataDir }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'E_DATABASE_LOCKED', details: { pid: process.pid } })
    await database.close()
    database = await openDatabase({ driver: 'embedded', dataDir })
    expect(await database.health()).toMatchObject({ status: 'up' })
  })

  test('its folder is removed while it is open: it is unhealthy', async () => {
    await rm(join(dataDir, 'data'), { recursive: true, force: true })
    expect(await database.health()).toMatchObject({ status: 'down', message: expect.stringContaining('removed') })
  })
})

test('files of another Postgres major are named, with both versions', async () => {
  await using folder = await createEmbeddedFolder()
  const { dataDir } = folder
  const file = join(dataDir, 'data', 'PG_VERSION')
  expect((await readFile(file, 'utf8')).trim()).toBe(embeddedPostgresMajor)
  await writeFile(file, '16\n')
  const error = await openDatabase({ driver: 'embedded', dataDir }).catch((thrown: unknown) => thrown)
  expect(String(error)).toContain(
    `made by Postgres 16, and this version of Core reads Postgres ${embeddedPostgresMajor}`,
  )
})

test('a folder that is no database is an error that names it', async () => {
  const file = join(dataDir, 'a-file')
  await writeFile(file, '')
  const error = await openDatabase({ driver: 'embedded', dataDir: file }).catch((thrown: unknown) => thrown)
  expect(String(error)).toContain(file)
})
