import type { FileHandle } from 'node:fs/promises'
import { CoreError } from '@core/foundation'
import { z } from 'zod/mini'

/** What is kept of a file besides its content, behind the content: one file cannot be half replaced. */
export interface DiskRecord {
  readonly sha256: string
  readonly contentType: string
}

const recordSchema = z.object({ sha256: z.string(), contentType: z.string() })
const mark = Buffer.from('core-file-1\n')
const endBytes = 4 + mark.byteLength

/** The record, its length in four bytes, and the mark. */
export function encodeRecord(record: DiskRecord): Buffer {
  const json = Buffer.from(JSON.stringify(record))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(json.byteLength)
  return Buffer.concat([json, length, mark])
}

/** Reads the record of an open file; `size` is that of the content. */
export async function readRecord(
  handle: FileHandle,
): Promise<DiskRecord & { readonly size: number; readonly modifiedAt: Date }> {
  const { size: whole, mtime } = await handle.stat()
  const end = await readAt(handle, whole - endBytes, endBytes)
  if (end === undefined || !end.subarray(4).equals(mark)) throw damaged()
  const length = end.readUInt32BE(0)
  const json = length > 10_000 ? undefined : await readAt(handle, whole - endBytes - length, length)
  if (json === undefined) throw damaged()
  return {
    ...recordSchema.parse(JSON.parse(json.toString('utf8'))),
    size: whole - endBytes - length,
    modifiedAt: mtime,
  }
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer | undefined> {
  if (position < 0) return undefined
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
  return bytesRead === length ? buffer : undefined
}

function damaged(): CoreError {
  return new CoreError('E_PROVIDER', 'a file of the store disk is damaged, or was not written by it', {
    fix: 'Restore it from a backup, or delete it.',
    details: { reason: 'malformed', provider: 'disk' },
  })
}
