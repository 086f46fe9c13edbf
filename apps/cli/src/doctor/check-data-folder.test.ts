import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkDataFolder } from './check-data-folder.ts'

const folder = tmpdir()
const probe = { canWrite: async () => true, freeBytes: async () => 10 ** 12 }

test('a folder with room is well, and so is one that is still to be made', async () => {
  expect(await checkDataFolder(folder, probe)).toMatchObject([{ status: 'ok', detail: folder }, { status: 'ok' }])
  const [later] = await checkDataFolder(join(folder, 'no', 'such', 'folder'), probe)
  expect(later).toMatchObject({ status: 'ok', detail: expect.stringContaining('will be made') })
})

test('a folder that cannot be written is a fault', async () => {
  const findings = await checkDataFolder(folder, { ...probe, canWrite: async () => false })
  expect(findings).toMatchObject([{ status: 'fault', detail: expect.stringContaining('cannot be written') }])
})

test('a disk that is nearly full is a warning', async () => {
  const [, space] = await checkDataFolder(folder, { ...probe, freeBytes: async () => 50 * 1024 * 1024 })
  expect(space).toMatchObject({ status: 'warning', detail: expect.stringContaining('only 50 MB free') })
})

test('the real disk is measured by default', async () => {
  const [, space] = await checkDataFolder(folder)
  expect(space?.detail).toMatch(/^(only )?\d+ MB free/)
})
