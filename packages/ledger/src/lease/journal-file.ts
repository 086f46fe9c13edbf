import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CoreError } from '@core/foundation'
import { toJournalError } from './journal-error.ts'

/** An open journal. `append` returns when the bytes are on disk. Errors are E_LEASE_JOURNAL. */
export interface JournalFile {
  append(bytes: Uint8Array, position: number): Promise<void>
  /** Replaces this journal by a new one of these frames, atomically, and returns the new one open. */
  replace(frames: readonly Uint8Array[]): Promise<JournalFile>
  close(): Promise<void>
}

/** Readable by its owner only: metadata may contain private data of a project. */
const MODE = 0o600

/**
 * The bytes of a journal, or undefined when there is none. An empty file is not a journal: a journal is created with
 * its first frame.
 */
export async function readJournal(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'ENOENT') return undefined
    throw toJournalError(file, 'read', error)
  }
}

/** Opens an existing journal to be continued at `end`; the bytes after that are cut off. */
export async function openJournal(file: string, end: number): Promise<JournalFile> {
  try {
    const handle = await open(file, 'r+')
    await handle.truncate(end)
    await handle.datasync()
    return toJournalFile(file, handle)
  } catch (error) {
    throw toJournalError(file, 'open', error)
  }
}

/**
 * A new journal. It gets its name when its first frames are on disk. When only the last step failed, the sync of the
 * folder, the error has `replaced`: the old file no longer exists.
 */
export async function createJournal(file: string, frames: readonly Uint8Array[]): Promise<JournalFile> {
  const handle = await writeBeside(file, frames).catch((error: unknown) => {
    throw toJournalError(file, 'create', error)
  })
  try {
    await syncFolder(file)
    return toJournalFile(file, handle)
  } catch (error) {
    await handle.close().catch(() => undefined)
    const { message, details } = toJournalError(file, 'create', error)
    throw new CoreError('E_LEASE_JOURNAL', message, { cause: error, details: { ...details, replaced: true } })
  }
}

async function writeBeside(file: string, frames: readonly Uint8Array[]): Promise<FileHandle> {
  const next = `${file}.next`
  await mkdir(dirname(file), { recursive: true })
  const handle = await open(next, 'w', MODE)
  try {
    let position = 0
    for (const frame of frames) {
      await writeFully(handle, frame, position)
      position += frame.length
    }
    await handle.datasync()
    await rename(next, file)
    return handle
  } catch (error) {
    await handle.close().catch(() => undefined)
    await rm(next, { force: true }).catch(() => undefined)
    throw error
  }
}

export async function removeJournal(file: string): Promise<void> {
  try {
    await rm(file, { force: true })
    await syncFolder(file)
  } catch (error) {
    throw toJournalError(file, 'remove', error)
  }
}

function toJournalFile(file: string, handle: FileHandle): JournalFile {
  return {
    async append(bytes, position) {
      try {
        await writeFully(handle, bytes, position)
        await handle.datasync()
      } catch (error) {
        throw toJournalError(file, 'write to', error)
      }
    },
    replace: (frames) => createJournal(file, frames),
    async close() {
      try {
        await handle.close()
      } catch (error) {
        throw toJournalError(file, 'close', error)
      }
    },
  }
}

/** A full disk may accept a part of a write before it fails. */
async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  }
}

/** A rename is on disk when its folder is. Windows neither needs nor allows it. */
async function syncFolder(file: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(dirname(file), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
