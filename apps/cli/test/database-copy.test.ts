import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createTestDatabase, prepareEmbeddedFolder } from '@core/database/testing'
import { expect, test } from 'vitest'
import { runCore } from './core-here.ts'
import { createRoom } from './core-process.ts'

test('database copy fills an empty server from a folder, refuses one in use, and names what is missing', {
  timeout: 180_000,
}, async () => {
  using room = createRoom()
  await using server = await createTestDatabase({ empty: true })
  const env = { CORE_COPY_TARGET_URL: server.url }
  const copy = (env: Record<string, string>, ...args: string[]) =>
    runCore(['database', 'copy', ...args], { cwd: room.folder, env })

  const missing = await copy(env, '--from', '.core')
  expect(missing.stderr).toContain('there is no database in .core')
  const unused = await copy(env)
  expect(unused.stderr).toContain('there is no database in')
  expect(existsSync(join(room.folder, '.core'))).toBe(false)
  const empty = await runCore(['database', 'copy', 'made', '--from', server.url], { cwd: room.folder })
  expect(empty.stderr).toContain('the source holds no data of Core')
  expect(existsSync(join(room.folder, 'made'))).toBe(false)
  await prepareEmbeddedFolder(join(room.folder, '.core'))

  const copied = await copy(env, '--from', '.core')
  expect(copied).toMatchObject({ code: 0, stderr: expect.stringContaining('ledger_account: ') })
  expect(JSON.parse(copied.stdout)).toMatchObject({ left: [], dbaSql: [], sealHead: null })

  await server.database.rpc('project_register', { p_name: 'resident' })
  for (const [words, more, stdin] of [
    [[], env, ''],
    [['-'], {}, `${server.url}\n`],
    [[server.url], {}, ''],
  ] as const) {
    const args = ['database', 'copy', ...words]
    const refused = await runCore(args, { cwd: room.folder, env: { CORE_DATABASE_URL: server.url, ...more }, stdin })
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain('nothing was copied')
    expect(refused.stderr.includes('the password is visible')).toBe(args.includes(server.url))
  }
})

test('the target of a copy has to be named, and its password is never printed', async () => {
  using room = createRoom()
  await using source = await createTestDatabase()
  const copy = (args: readonly string[], env: Record<string, string> = {}, stdin = '') =>
    runCore(['database', 'copy', ...args], {
      cwd: room.folder,
      env: { CORE_DATABASE_URL: source.url, ...env },
      stdin,
    })
  expect((await copy([])).stderr).toContain('CORE_COPY_TARGET_URL')
  expect((await copy(['-'])).stderr).toContain('no target is named')

  const away = 'postgres://core:sesame@127.0.0.1:1/core'
  const misspelt = away.replace('postgres', 'postgress')
  const results = await Promise.all([
    copy([], { CORE_COPY_TARGET_URL: away }),
    copy(['-'], {}, away),
    copy([away]),
    copy(['copied', '--from', away]),
    copy([misspelt]),
    copy(['copied', '--from', misspelt]),
  ])
  expect(existsSync(join(room.folder, 'copied'))).toBe(false)
  for (const { code, stdout, stderr } of results) {
    expect(code).not.toBe(0)
    expect(stdout + stderr).not.toContain('sesame')
  }
  const warned = results.map(({ stderr }) => stderr.includes('the password is visible'))
  expect(warned).toEqual([false, false, true, true, false, false])
  expect(results[4]?.stderr).toContain('begins with postgres://')
})
