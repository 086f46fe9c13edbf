import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, mkdir, open, readdir, realpath, rename, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { CoreError, isObject } from '@core/foundation'
import type { PartWriter, StorageDriver } from '../driver.ts'
import type { StoredFile } from '../storage.ts'
import { fileExists, rangeUnsatisfiable, storeFailed } from '../storage-error.ts'
import type { UrlSigner } from '../url-token.ts'
import { encodeRecord, readRecord } from './disk-file.ts'
import { listDisk } from './disk-list.ts'
import { toDiskPath } from './disk-path.ts'
import { noSigner } from './memory.ts'

export interface DiskSettings {
  /** A folder that is made where it is missing. */
  readonly folder: string
  /** Makes the URLs that the control plane serves. Without it there are none. */
  readonly signer?: UrlSigner | undefined
}

const draftsLastMs = 24 * 3_600_000
const readOnly = constants.O_RDONLY | constants.O_NOFOLLOW

/**
 * Files below a folder. A file is written beside its place, synced, and then renamed to it, so that a reader and a crash
 * see all of it or nothing. Nothing outside the folder is read or written, whatever symbolic links lie in it.
 */
export async function openDiskDriver({ folder, signer }: DiskSettings): Promise<StorageDriver> {
  const objects = join(resolve(folder), 'objects')
  const drafts = join(resolve(folder), 'drafts')
  for (const path of [objects, drafts]) await mkdir(path, { recursive: true, mode: 0o700 })
  const root = await realpath(objects)
  await removeOldDrafts(drafts)
  let removedAt = Date.now()
  const pathOf = (key: string) => toDiskPath(root, key)

  /** Throws where a symbolic link in the folder leads out of it. */
  async function requireInside(directory: string): Promise<void> {
    const real = await realpath(directory)
    if (real === root || real.startsWith(root + sep)) return
    throw new CoreError('E_FORBIDDEN', 'a symbolic link leads out of the folder of the store disk', {
      fix: 'Remove the link from the folder.',
      details: { reason: 'link_escapes', provider: 'disk' },
    })
  }

  async function openFile(key: string): Promise<FileHandle | undefined> {
    const path = pathOf(key)
    try {
      await requireInside(dirname(path))
      return await open(path, readOnly)
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
      if (hasCode(error, 'ELOOP')) throw storeFailed('disk', undefined, 'ELOOP')
      throw error
    }
  }

  async function startDraft(): Promise<{ readonly handle: FileHandle; readonly path: string }> {
    if (Date.now() - removedAt > draftsLastMs) {
      removedAt = Date.now()
      await removeOldDrafts(drafts).catch(() => undefined) // no reason to refuse this one
    }
    const path = join(drafts, randomUUID())
    return { handle: await open(path, 'wx', 0o600), path }
  }

  /** Moves what was written to its place, durably. */
  async function publish(draft: string, handle: FileHandle, key: string, ifAbsent: boolean): Promise<void> {
    await handle.sync()
    const path = pathOf(key)
    for (let attempt = 1; ; attempt++) {
      await makeFolders(dirname(path), root)
      await requireInside(dirname(path))
      try {
        // A link fails where there is a file; a rename replaces it.
        if (ifAbsent) await link(draft, path)
        else await rename(draft, path)
        break
      } catch (error) {
        if (hasCode(error, 'EEXIST')) throw fileExists(key)
        // Another call deleted the folder with its last file.
        if (!hasCode(error, 'ENOENT') || attempt >= 10) throw error
      }
    }
    await syncFolder(dirname(path))
  }

  async function openWriter(
    key: string,
    contentType: string,
    ifAbsent: boolean,
    partBytes: number,
  ): Promise<PartWriter> {
    const { handle, path } = await startDraft()
    let size = 0
    return {
      async write(number, bytes) {
        const at = (number - 1) * partBytes
        await writeAt(handle, bytes, at)
        size = Math.max(size, at + bytes.byteLength)
      },
      async complete(sha256) {
        await writeAt(handle, encodeRecord({ sha256, contentType }), size)
        await publish(path, handle, key, ifAbsent)
        await handle.close()
        if (ifAbsent) await unlink(path)
        return { etag: sha256 }
      },
      async abort() {
        await handle.close()
        await unlink(path).catch(ignoreMissing)
      },
    }
  }

  return {
    name: 'disk',
    async put(key, bytes, { contentType, ifAbsent, sha256 }, signal) {
      const writer = await openWriter(key, contentType, ifAbsent, 0)
      try {
        await writer.write(1, bytes, signal)
        return await writer.complete(sha256, signal)
      } catch (error) {
        await writer.abort()
        throw error
      }
    },
    openParts: (key, { contentType, ifAbsent, partBytes }) => openWriter(key, contentType, ifAbsent, partBytes),
    async get(key, range, signal) {
      const handle = await openFile(key)
      if (handle === undefined) return null
      try {
        const { size, sha256: etag, contentType } = await readRecord(handle)
        if (range !== undefined && range.start >= size) throw rangeUnsatisfiable(size)
        const start = range?.start ?? 0
        const end = Math.min(range?.end ?? size - 1, size - 1)
        const file = { size, etag, contentType, range: { start, end } }
        if (size === 0) {
          await handle.close()
          return { ...file, stream: new Blob([]).stream() }
        }
        const readable = handle.createReadStream({ start, end, signal, highWaterMark: 256 * 1024 })
        return { ...file, stream: bytesOf(readable) }
      } catch (error) {
        await handle.close()
        throw error
      }
    },
    head: (key) => headOf(key, openFile),
    async delete(key) {
      const path = pathOf(key)
      try {
        await requireInside(dirname(path))
        await unlink(path)
      } catch (error) {
        if (hasCode(error, 'ENOENT', 'ENOTDIR')) return
        throw error
      }
      await removeEmptyFolders(dirname(path), root)
    },
    async copy(from, to, signal) {
      const source = await openFile(from)
      if (source === undefined) return false
      const { handle, path } = await startDraft()
      try {
        await readRecord(source) // a damaged one is not spread
        await handle.writeFile(source.createReadStream({ autoClose: false, start: 0, signal }))
        await publish(path, handle, to, false)
      } finally {
        await Promise.all([source.close(), handle.close(), unlink(path).catch(ignoreMissing)])
      }
      return true
    },
    async list(prefix, cursor, limit) {
      const { keys, next } = await listDisk(root, prefix, cursor, limit)
      const files: StoredFile[] = []
      for (const key of keys) {
        const file = await headOf(key, openFile) // null: deleted meanwhile
        if (file !== null) files.push(file)
      }
      return { files, next }
    },
    async sign(key, options) {
      if (signer === undefined) throw noSigner('disk')
      return signer.sign('disk', key, options)
    },
  }
}

async function headOf(
  key: string,
  openFile: (key: string) => Promise<FileHandle | undefined>,
): Promise<StoredFile | null> {
  const handle = await openFile(key)
  if (handle === undefined) return null
  try {
    const { size, sha256: etag, contentType, modifiedAt } = await readRecord(handle)
    return { key, size, etag, contentType, modifiedAt }
  } finally {
    await handle.close()
  }
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position + done)
    done += bytesWritten
  }
}

/** The folders of a key, each on disk before what is in it. */
async function makeFolders(directory: string, root: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let at = directory; at.length >= root.length; at = dirname(at)) {
    await syncFolder(at).catch(ignoreMissing)
    if (at === dirname(first)) return
  }
}

async function syncFolder(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function removeEmptyFolders(directory: string, root: string): Promise<void> {
  for (let at = directory; at.length > root.length; at = dirname(at)) {
    try {
      await rmdir(at)
    } catch {
      return // not empty, or gone
    }
  }
}

/** What a crash left behind. */
async function removeOldDrafts(drafts: string): Promise<void> {
  for (const name of await readdir(drafts)) {
    const path = join(drafts, name)
    const found = await stat(path).catch(ignoreMissing)
    if (found && found.mtimeMs < Date.now() - draftsLastMs) await unlink(path).catch(ignoreMissing)
  }
}

async function* chunksOf(readable: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of readable) yield chunk
}

function bytesOf(readable: Readable): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunksOf(readable))
}

function ignoreMissing(error: unknown): undefined {
  if (hasCode(error, 'ENOENT')) return undefined
  throw error
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return isObject(error) && codes.some((code) => error['code'] === code)
}
