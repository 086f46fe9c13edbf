import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, stat, unlink } from 'node:fs/promises'
import { toPathSegment, toProblemError } from '@core/api/client'
import { CoreError, fetchDirectly, isObject, toHeaderValue } from '@core/foundation'
import type { Target } from '../../target.ts'

export interface Transfer {
  readonly target: Target
  readonly signal: AbortSignal
  /** Called with the bytes so far, and with all of them. */
  readonly onProgress: (done: number, total: number) => void
}

/** Sends a file as it is on disk, and compares what arrived by its hash. */
export async function sendFile(
  file: string,
  name: string,
  contentType: string,
  transfer: Transfer,
): Promise<Readonly<Record<string, unknown>>> {
  const { size } = await statFile(file)
  const hash = createHash('sha256')
  async function* chunks(): AsyncGenerator<Uint8Array> {
    let done = 0
    for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) {
      hash.update(chunk)
      done += chunk.length
      transfer.onProgress(done, size)
      yield chunk
    }
  }
  const response = await ask('PUT', name, transfer, {
    headers: { 'content-type': toHeaderValue('--type', contentType), 'content-length': String(size) },
    body: ReadableStream.from(chunks()),
    duplex: 'half',
  })
  const stored: unknown = await response.json()
  const sha256 = hash.digest('hex')
  if (isObject(stored) && stored['sha256'] === sha256) return { ...stored }
  throw new CoreError('E_INTERNAL', `${name} arrived with another sha256 than ${file} has`, { fix: 'Send it again.' })
}

/** Writes the content beside its place and renames it, so that what is there is whole. */
export async function receiveFile(
  name: string,
  file: string,
  transfer: Transfer,
): Promise<{ size: number; sha256: string }> {
  const response = await ask('GET', name, transfer, {})
  const total = Number(response.headers.get('content-length'))
  const hash = createHash('sha256')
  const draft = `${file}.${randomUUID()}.part`
  const handle = await open(draft, 'wx')
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      await handle.writeFile(chunk)
      hash.update(chunk)
      size += chunk.byteLength
      transfer.onProgress(size, total)
    }
    const sha256 = hash.digest('hex')
    const expected = response.headers.get('content-sha256')
    if (size !== total || (expected !== null && expected !== sha256)) {
      throw new CoreError('E_INTERNAL', `${name} did not arrive whole`, { fix: 'Get it again.' })
    }
    await handle.sync()
    await rename(draft, file)
    return { size, sha256 }
  } finally {
    await handle.close()
    await unlink(draft).catch(() => undefined)
  }
}

async function ask(
  method: 'GET' | 'PUT',
  name: string,
  { target, signal }: Transfer,
  { headers, ...rest }: RequestInit & { readonly headers?: Readonly<Record<string, string>>; readonly duplex?: 'half' },
): Promise<Response> {
  const project = toPathSegment('project', target.project ?? 'current')
  const path = `/v1/projects/${project}/files/${toPathSegment('name', name)}/content`
  const authorization: Record<string, string> =
    target.key === undefined ? {} : { authorization: `Bearer ${target.key}` }
  let response: Response
  try {
    const url = `${target.url.replace(/\/+$/, '')}${path}`
    response = await fetchDirectly(target.fetch, url, {
      ...rest,
      method,
      headers: { ...headers, ...authorization },
      signal,
    })
  } catch (error) {
    if (error instanceof CoreError || signal.aborted) throw error
    throw new CoreError('E_DATABASE_UNAVAILABLE', `the control plane at ${target.url} ended the transfer of ${name}`, {
      cause: error,
      fix: 'Check that it runs (core status), that the quota has room (core storage list), and try again.',
    })
  }
  if (response.ok) return response
  throw toProblemError(method === 'PUT' ? 'upload' : 'download', response, await response.text())
}

async function statFile(file: string): Promise<{ readonly size: number }> {
  const found = await stat(file).catch(() => undefined)
  if (found?.isFile()) return found
  throw new CoreError('E_INVALID', `there is no file ${file}`, { fix: 'Name a file on this machine.' })
}
