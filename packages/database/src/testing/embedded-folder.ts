import { cpSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrateUp } from '../migrate/index.ts'
import { openDatabase } from '../open-database.ts'
import { makeOnce } from './make-once.ts'
import { readMigrationsKey } from './migrations-key.ts'
import { testFolder } from './test-server-place.ts'

/**
 * Makes `dataDir` a migrated embedded database that is closed, as an earlier run would have left it. Making a cluster
 * and migrating it costs seven seconds of CPU, copying one less than half a second; the first call in a temporary
 * folder makes the one that the others copy.
 */
export async function prepareEmbeddedFolder(dataDir: string): Promise<void> {
  const template = join(testFolder, `embedded-${await readMigrationsKey()}`)
  await makeOnce(template, makeTemplate)
  await mkdir(dataDir, { recursive: true })
  cpSync(template, dataDir, { recursive: true }) // of 1,200 files; `cp` awaits each of them and takes three times the CPU
}

/** A prepared folder of its own for one test or file; disposing removes it. */
export async function createEmbeddedFolder(): Promise<{ dataDir: string } & AsyncDisposable> {
  const dataDir = await mkdtemp(join(tmpdir(), 'core-embedded-'))
  await prepareEmbeddedFolder(dataDir)
  return { dataDir, [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true, force: true }) }
}

async function makeTemplate(dataDir: string): Promise<void> {
  await using database = await openDatabase({ driver: 'embedded', dataDir })
  await migrateUp({ database })
}
