import { execFile } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { startFakeS3 } from '@core/providers/testing'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'

/** A gigabyte from a stream to an S3 of this process, by a process of its own: how far its memory grows. */
export async function measureUpload({ isQuick, signal }: BenchContext): Promise<Row[]> {
  const megabytes = isQuick ? 32 : 1024
  await using s3 = await startFakeS3({ accessKeyId: 'bench', secretAccessKey: 'bench', discard: true })
  const program = join(import.meta.dirname, 'upload-process.ts')
  const args = [program, `${s3.url}/files`, String(megabytes)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 120_000, signal })
  const { grewMegabytes, seconds } = JSON.parse(stdout)
  return [
    toRow('memory of an upload of 1 GB', Number(grewMegabytes), 'MB', { atMost: 64 }),
    toRow('upload of 1 GB', megabytes / Number(seconds), 'MB/s'),
  ]
}
