import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createStorage, openDiskDriver } from '@core/providers/storage'
import { afterAll, expect, test, vi } from 'vitest'
import { toDiskPath } from '../src/storage/drivers/disk-path.ts'

const folder = await mkdtemp(join(tmpdir(), 'core-disk-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
let made = 0
async function openDisk() {
  const own = join(folder, String(++made))
  return {
    own,
    objects: join(own, 'objects'),
    storage: createStorage({ stores: [await openDiskDriver({ folder: own })] }),
  }
}

test('a link that leads out of the folder is neither read, written, deleted nor listed', async () => {
  const { objects, storage } = await openDisk()
  const outside = join(folder, 'outside')
  await mkdir(outside)
  await writeFile(join(outside, 'secret='), 'secret')
  await symlink(outside, join(objects, 'linked'))
  await symlink(join(outside, 'secret='), join(objects, 'file='))
  const escapes = expect.objectContaining({ details: expect.objectContaining({ reason: 'link_escapes' }) })
  await expect(storage.download('linked/secret')).rejects.toEqual(escapes)
  await expect(storage.upload('linked/new', Buffer.from('x'))).rejects.toEqual(escapes)
  await expect(storage.delete('linked/secret')).rejects.toEqual(escapes)
  await expect(storage.download('file')).rejects.toMatchObject({ code: 'E_PROVIDER' })
  expect((await storage.list('')).files).toEqual([])
  await storage.upload('file', Buffer.from('mine')) // replaces the link itself
  expect(await readdir(outside)).toEqual(['secret='])
  expect(await readFile(join(outside, 'secret='), 'utf8')).toBe('secret')
})

test('a file that was cut or written by something else is refused', async () => {
  const { objects, storage } = await openDisk()
  await storage.upload('a', Buffer.from('content'))
  const path = toDiskPath(objects, 'a')
  const whole = await readFile(path)
  for (const bad of [whole.subarray(0, -1), Buffer.from('x'), Buffer.alloc(0)]) {
    await writeFile(path, bad)
    await expect(storage.head('a')).rejects.toMatchObject({ code: 'E_PROVIDER', details: { reason: 'malformed' } })
  }
})

test('folders go with their last file, also while another is written into them', async () => {
  const { objects, storage } = await openDisk()
  await storage.upload('a/b/c', Buffer.from('x'))
  await storage.delete('a/b/c')
  expect(await readdir(objects)).toEqual([])
  for (let round = 0; round < 8; round++) {
    await Promise.all([
      storage.upload('a/b/keep', Buffer.from('x')),
      storage.upload('a/b/gone', Buffer.from('x')).then(() => storage.delete('a/b/gone')),
    ])
    expect(await storage.head('a/b/keep')).not.toBeNull()
    await storage.delete('a/b/keep')
  }
})

test('a writer that is killed leaves the file as it was, and its draft goes after a day', async () => {
  const { own, storage } = await openDisk()
  await storage.upload('a', Buffer.from('before'))
  const writer = `
    import { createStorage, openDiskDriver } from '@core/providers/storage'
    const storage = createStorage({ stores: [await openDiskDriver({ folder: ${JSON.stringify(own)} })], partBytes: 1024 })
    async function* endless() {
      while (true) {
        yield Buffer.alloc(4096)
        console.log('wrote')
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    await storage.upload('a', endless())`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', writer], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const file = await storage.download('a')
  expect(await new Response(file?.stream).text()).toBe('before')
  const drafts = join(own, 'drafts')
  const [draft = ''] = await readdir(drafts)
  await openDiskDriver({ folder: own })
  expect(await readdir(drafts)).toEqual([draft])
  await utimes(join(drafts, draft), 0, 0)
  await openDiskDriver({ folder: own })
  expect(await readdir(drafts)).toEqual([])
})

test('a process that runs for days removes what others left when they were killed', async () => {
  const { own, storage } = await openDisk()
  const drafts = join(own, 'drafts')
  await writeFile(join(drafts, 'left'), 'half of it')
  await utimes(join(drafts, 'left'), 0, 0)
  await storage.upload('a', Buffer.from('today'))
  expect(await readdir(drafts)).toEqual(['left'])
  const now = Date.now()
  const later = vi.spyOn(Date, 'now').mockImplementation(() => now + 25 * 3_600_000)
  await storage.upload('a', Buffer.from('tomorrow')).finally(() => later.mockRestore())
  expect(await readdir(drafts)).toEqual([])
})
