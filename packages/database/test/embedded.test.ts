import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { silentLogger, systemClock } from '@core/foundation'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { embeddedPostgresMajor } from '../src/drivers/data-folder.ts'
import { createEmbeddedDriver } from '../src/drivers/embedded.ts'
import { openDatabase } from '../src/index.ts'
import { createSqlDatabase } from '../src/sql-database.ts'
import { contractFunctions } from '../src/testing/contract.ts'
import { createEmbeddedFolder, openMemoryDatabase, prepareEmbeddedFolder, shortLived } from '../src/testing/index.ts'
import { runSql } from '../src/testing/run-sql.ts'

let dataDir: string

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'core-embedded-'))
  await prepareEmbeddedFolder(dataDir)
  await using database = await openDatabase({ driver: 'embedded', dataDir })
  await runSql(database, contractFunctions)
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

const writers = new Set<ReturnType<typeof spawn>>()
afterEach(() => {
  for (const writer of writers) writer.kill('SIGKILL')
  writers.clear()
})

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
  writers.add(child)
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  return { child, lines, exited: once(child, 'exit') }
}

async function kill9({ child, exited }: ReturnType<typeof startWriter>): Promise<void> {
  child.kill('SIGKILL')
  await exited
}

describe('the embedded database on disk', () => {
  test('a killed process loses nothing that it was answered, and its lock is taken over', async () => {
    for (const round of ['a', 'b']) {
      const writer = startWriter(`killed_${round}`)
      await expect.poll(() => writer.lines.length, WAIT).toBeGreaterThan(30)
      await kill9(writer)
      await using database = await openDatabase({ driver: 'embedded', dataDir })
      const answer = await database.rpc('project_list', {})
      const names = JSON.stringify(answer)
      expect(writer.lines.filter((line) => !names.includes(`"${line}"`))).toEqual([])
    }
  })

  test('every answered write was synced to disk', async () => {
    const counter = new URL('./count-fsync.mjs', import.meta.url).href
    const countFile = join(dataDir, 'fsync-count')
    const writer = startWriter('synced', { NODE_OPTIONS: `--import ${counter}`, COUNT_FSYNC_FILE: countFile })
    const count = async () => ({ answered: writer.lines.length, synced: (await stat(countFile)).size })
    // Opening alone syncs a lot, so only what comes after the first answers counts.
    await expect.poll(() => writer.lines.length, WAIT).toBeGreaterThan(5)
    const before = await count()
    await expect.poll(() => writer.lines.length, WAIT).toBeGreaterThan(before.answered + 50)
    const after = await count()
    await kill9(writer)
    expect(after.synced - before.synced).toBeGreaterThanOrEqual(after.answered - before.answered - 2)
  })

  test('a second process is refused with the pid of the first, which continues', async () => {
    const writer = startWriter('holder')
    await expect.poll(() => writer.lines.length, WAIT).toBeGreaterThan(0)
    const error = await openDatabase({ driver: 'embedded', dataDir }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'E_DATABASE_LOCKED', details: { pid: writer.child.pid } })
    const before = writer.lines.length
    await expect.poll(() => writer.lines.length, WAIT).toBeGreaterThan(before)
    await kill9(writer)
  })

  test('the same process is refused too, until it has closed', async () => {
    await using first = await openDatabase({ driver: 'embedded', dataDir })
    const error = await openDatabase({ driver: 'embedded', dataDir }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'E_DATABASE_LOCKED', details: { pid: process.pid } })
    await first.close()
    await using second = await openDatabase({ driver: 'embedded', dataDir })
    expect(await second.health()).toMatchObject({ status: 'up' })
  })

  test('a statement that outlives its caller is stopped, undone, and does not block the others', async () => {
    const config = { driver: 'embedded', dataDir } as const
    const driver = await createEmbeddedDriver(config, { logger: silentLogger, runawayMs: 300 })
    await using database = createSqlDatabase({ driver, timeoutMs: 10_000, logger: silentLogger, clock: systemClock })
    await runSql(database, 'truncate core.contract_note')
    const args = { p_seconds: 60, p_note: 'never' }
    const error = await database.call('contract_nap', args, { timeoutMs: 100 }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'E_TIMEOUT' })
    expect(await database.call('contract_note', { p_text: 'after' })).toEqual(['after'])
  })

  test('one that only waits behind a long statement is no reason to stop that', async () => {
    const config = { driver: 'embedded', dataDir } as const
    const driver = await createEmbeddedDriver(config, { logger: silentLogger, runawayMs: 100 })
    await using database = createSqlDatabase({ driver, timeoutMs: 10_000, logger: silentLogger, clock: systemClock })
    await runSql(database, 'truncate core.contract_note; alter sequence core.contract_count restart')
    await database.call('contract_notes', {}) // so that the next two are handed over at once
    const long = database.call('contract_nap', { p_seconds: 1, p_note: 'whole' }, { repeatable: false })
    const waiting = database.call('contract_notes', {}, { timeoutMs: 50 })
    await expect(waiting).rejects.toMatchObject({ code: 'E_TIMEOUT' })
    expect(await long).toBe(1)
    expect(await database.call('contract_notes', {})).toEqual(['whole'])
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

  test('a data folder that is removed under a running database makes it unhealthy', async () => {
    await using folder = await createEmbeddedFolder()
    const { dataDir } = folder
    await using database = await openDatabase({ driver: 'embedded', dataDir })
    expect(await database.health()).toMatchObject({ status: 'up' })
    await rm(join(dataDir, 'data'), { recursive: true, force: true })
    expect(await database.health()).toMatchObject({ status: 'down', message: expect.stringContaining('removed') })
  })

  test('a folder that is no database is an error that names it', async () => {
    const file = join(dataDir, 'a-file')
    await writeFile(file, '')
    const error = await openDatabase({ driver: 'embedded', dataDir: file }).catch((thrown: unknown) => thrown)
    expect(String(error)).toContain(file)
  })
})

test('the event loop of the main thread continues during 2,000 embedded queries', async () => {
  await using database = await openMemoryDatabase()
  await database.rpc('project_list', {})
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  for (let query = 0; query < 2_000; query++) await database.rpc('project_list', {})
  clearInterval(timer)
  expect(ticks).toBeGreaterThan(50)
})
