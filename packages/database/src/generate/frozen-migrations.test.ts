import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findFreezeFaults, freezeMigrations, readFrozenMigrations } from './frozen-migrations.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-frozen-'))
  await write('20261120000100_core.sql', 'create table a (b int);\n')
  await write('20261120001100_project.sql', 'create table c (d int);\n')
})
afterEach(() => rm(folder, { recursive: true, force: true }))
const write = (name: string, text: string) => writeFile(join(folder, name), text)

test('before the first release everything may change, after it migrations are only added at the end', async () => {
  expect(await findFreezeFaults({ release: null, files: {} }, folder)).toEqual([])
  const frozen = await freezeMigrations('0.2.0', folder)
  expect(Object.keys(frozen.files)).toEqual(['20261120000100_core.sql', '20261120001100_project.sql'])
  expect(await findFreezeFaults(frozen, folder)).toEqual([])
  await write('20270101000000_project_colour.sql', 'alter table c add e int;\n')
  expect(await findFreezeFaults(frozen, folder)).toEqual([])
})

test('an edit of a shipped migration is named, a comment too, with what to do instead', async () => {
  const frozen = await freezeMigrations('0.2.0', folder)
  await write('20261120000100_core.sql', '-- first\ncreate table a (b int);\n')
  await rm(join(folder, '20261120001100_project.sql'))
  await write('20261120000500_between.sql', 'select 1;\n')
  expect(await findFreezeFaults(frozen, folder)).toEqual([
    expect.stringMatching(/^20261120000100_core.sql was edited: release 0.2.0 .* into a new migration/),
    expect.stringMatching(/^20261120001100_project.sql was removed: /),
    expect.stringMatching(/^20261120000500_between.sql comes before .* a later number/),
  ])
})

test('what is frozen in this repository is as it was shipped', async () => {
  const place = (path: string) => join(import.meta.dirname, '../../../../supabase', path)
  const frozen = await readFrozenMigrations(place('frozen.json'))
  expect(await findFreezeFaults(frozen, place('migrations'))).toEqual([])
})
