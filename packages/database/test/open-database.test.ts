import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DatabaseConfig } from '../src/database.ts'
import { toDataDirError } from '../src/drivers/data-dir-error.ts'
import { openDatabase } from '../src/open-database.ts'

const failure = (opening: Promise<unknown>) =>
  opening.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )

test('an unknown driver is named, with none of its options', async () => {
  const config: DatabaseConfig = JSON.parse('{"driver":"mysql","url":"mysql://core:hunter2@h/d","key":"hunter2"}')
  const error = await failure(openDatabase(config))
  expect(error).toMatchObject({ code: 'E_INVALID', message: 'unknown database driver "mysql"' })
  expect(JSON.stringify(error)).not.toContain('hunter2')
})

test.each(['12/hunter2', '12?hunter2', '12#hunter2'])(
  'a URL with the raw password %s is refused unprinted',
  async (password) => {
    const error = await failure(
      openDatabase({ driver: 'postgres', url: `postgres://core:${password}@db.example/main` }),
    )
    expect(error).toMatchObject({ code: 'E_INVALID', fix: expect.stringContaining('ercent-encode') })
    expect(`${error} ${JSON.stringify(error)}`).not.toContain('hunter2')
  },
)

describe('a data folder that cannot be made', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'core-data-dir-'))
    await writeFile(join(folder, 'file'), '')
  })
  afterAll(() => rm(folder, { recursive: true }))

  test.each([
    ['file', 'EEXIST'],
    ['file/below', 'ENOTDIR'],
    ['/proc/no/such', 'ENOTSUP'],
  ])('%s is an error that says what to do', async (name, errno) => {
    const dataDir = resolve(folder, name)
    expect(await failure(openDatabase({ driver: 'embedded', dataDir }))).toMatchObject({
      code: 'E_DATABASE_UNAVAILABLE',
      retryable: false,
      fix: expect.stringContaining('CORE_DATA_DIR'),
      details: { dataDir, errno },
    })
  })

  test('names the missing right, and leaves other errors alone', () => {
    const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    expect(toDataDirError(denied, '/srv/core')).toMatchObject({
      message: 'the data folder /srv/core cannot be used: this user may not write there',
      retryable: false,
    })
    const other = new Error('other')
    expect(toDataDirError(other, '/srv/core')).toBe(other)
  })
})
