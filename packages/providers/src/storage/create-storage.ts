import { type CallOptions, CoreError, startDeadline } from '@core/foundation'
import type { StorageDriver } from './driver.ts'
import type { Storage, StoredFile } from './storage.ts'
import { fileExists, toStorageError } from './storage-error.ts'
import { requireKey, requirePrefix } from './storage-key.ts'
import { uploadParts } from './upload-parts.ts'

export interface StorageDependencies {
  /** The first is the store of choice. The others are read where it does not have a file. */
  readonly stores: readonly StorageDriver[]
  /** Asked at each call for the store that is written to. Default: the first. */
  readonly flags?: { get(name: 'providers.storage'): string } | undefined
  /** The parts of a stream, four of which travel at once. Default 8 MiB; S3 takes no smaller ones than 5 MiB. */
  readonly partBytes?: number
}

const requestMs = 30_000
const transferMs = 3_600_000
const longestUrlSeconds = 604_800

/** `openStorage` without a configuration: over drivers that are made already. */
export function createStorage({ stores, flags, partBytes = 8 * 1024 * 1024 }: StorageDependencies): Storage {
  const names = stores.map(({ name }) => name)
  if (names.length === 0 || new Set(names).size < names.length) {
    throw new CoreError('E_INVALID', names.length === 0 ? 'no store is configured' : 'a store is configured twice', {
      fix: 'Name each store once: CORE_STORAGE_PROVIDER=s3, CORE_STORAGE_READ_ALSO=disk.',
    })
  }
  /** The chosen store, then those that are read besides. */
  function inOrder(): readonly [StorageDriver, ...StorageDriver[]] {
    const chosen = flags?.get('providers.storage')
    const first = stores.find(({ name }) => name === chosen) ?? stores[0]
    if (first === undefined) throw new CoreError('E_INTERNAL', 'there is no store')
    return [first, ...stores.filter((store) => store !== first)]
  }
  return open({ inOrder, partBytes }, '')
}

interface Opened {
  readonly inOrder: () => readonly [StorageDriver, ...StorageDriver[]]
  readonly partBytes: number
}

function open({ inOrder, partBytes }: Opened, folder: string): Storage {
  const place = (key: string): string => {
    requireKey(key)
    requireKey(folder + key) // with its folder it may be too long
    return folder + key
  }
  const strip = <File extends { readonly key: string }>(file: File): File => ({
    ...file,
    key: file.key.slice(folder.length),
  })

  /** One call of one store, whose failures are coded. */
  async function ask<Answer>(store: StorageDriver, signal: AbortSignal, work: () => Promise<Answer>): Promise<Answer> {
    signal.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      throw toStorageError(store.name, error, signal)
    }
  }

  async function find(key: string, signal: AbortSignal, stores: readonly StorageDriver[] = inOrder()) {
    for (const store of stores) {
      const file = await ask(store, signal, () => store.head(key, signal))
      if (file !== null) return { store, file }
    }
    return undefined
  }

  async function head(key: string, call: CallOptions = {}): Promise<StoredFile | null> {
    const at = place(key)
    using deadline = startDeadline('head', call, requestMs)
    const found = await find(at, deadline.signal)
    return found === undefined ? null : strip(found.file)
  }

  async function download(
    key: string,
    { range }: NonNullable<Parameters<Storage['download']>[1]> = {},
    call: CallOptions = {},
  ): ReturnType<Storage['download']> {
    const at = place(key)
    requireRange(range)
    using deadline = startDeadline('download', call, requestMs)
    // The time limit is for the answer; the signal of the call ends the stream as well.
    const signal = call.signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, call.signal])
    for (const store of inOrder()) {
      const file = await ask(store, signal, () => store.get(at, range, signal))
      if (file !== null) return file
    }
    return null
  }

  return {
    head,
    download,

    async upload(key, source, options = {}, call = {}) {
      const at = place(key)
      requireType(options.contentType)
      using deadline = startDeadline('upload', call, transferMs)
      const { signal } = deadline
      const [store, ...others] = inOrder()
      signal.throwIfAborted()
      if (options.ifAbsent && (await find(at, signal, others)) !== undefined) throw fileExists(key)
      return strip(await uploadParts({ driver: store, partBytes, key: at, source, options }, signal))
    },

    async delete(key, call = {}) {
      const at = place(key)
      using deadline = startDeadline('delete', call, requestMs)
      const { signal } = deadline
      // Of all stores: what stays in one would be back.
      for (const store of inOrder()) await ask(store, signal, () => store.delete(at, signal))
    },

    async copy(from, to, call = {}) {
      const [source, target] = [place(from), place(to)]
      using deadline = startDeadline('copy', call, transferMs)
      const { signal } = deadline
      const [store, ...others] = inOrder()
      if (!(await ask(store, signal, () => store.copy(source, target, signal)))) {
        const found = await find(source, signal, others)
        if (found === undefined) throw notFound(from)
        const file = await ask(found.store, signal, () => found.store.get(source, undefined, signal))
        if (file === null) throw notFound(from)
        const { contentType, size } = file
        await uploadParts(
          { driver: store, partBytes, key: target, source: file.stream, options: { contentType, size } },
          signal,
        )
      }
      const made = await ask(store, signal, () => store.head(target, signal))
      if (made === null) throw notFound(to)
      return strip(made)
    },

    async list(prefix = '', { cursor, limit = 100 } = {}, call = {}) {
      requirePrefix(prefix)
      if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
        throw new CoreError('E_INVALID', 'limit must be a whole number from 1 to 1000')
      }
      using deadline = startDeadline('list', call, requestMs)
      const { signal } = deadline
      const stores = inOrder()
      const [at, inner] = readCursor(cursor)
      const store = stores[at]
      if (store === undefined) return { files: [], next: undefined }
      const page = await ask(store, signal, () => store.list(folder + prefix, inner, limit, signal))
      const files: StoredFile[] = []
      for (const file of page.files) {
        if (at === 0 || (await find(file.key, signal, stores.slice(0, at))) === undefined) files.push(strip(file))
      }
      const next = page.next !== undefined ? `${at}.${page.next}` : at + 1 < stores.length ? `${at + 1}.` : undefined
      return { files, next }
    },

    async getSignedUrl(key, options, call = {}) {
      const at = place(key)
      requireType(options.contentType)
      const { expiresSeconds: seconds, maxBytes } = options
      if (!Number.isInteger(seconds) || seconds < 1 || seconds > longestUrlSeconds) {
        throw new CoreError('E_INVALID', `expiresSeconds must be a whole number from 1 to ${longestUrlSeconds}`)
      }
      if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes >= 0)) {
        throw new CoreError('E_INVALID', 'maxBytes must be a whole number from 0')
      }
      using deadline = startDeadline('getSignedUrl', call, requestMs)
      const { signal } = deadline
      const [first] = inOrder()
      const holder = options.method === 'GET' ? (await find(at, signal))?.store : first
      const store = holder ?? first
      return await ask(store, signal, () => store.sign(at, options, signal))
    },

    within(name) {
      requireKey(name)
      return open({ inOrder, partBytes }, `${folder}${name}/`)
    },
  }
}

function requireRange(range: { readonly start: number; readonly end?: number | undefined } | undefined): void {
  if (range === undefined) return
  const { start, end = start } = range
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start) return
  throw new CoreError('E_INVALID', 'a range has whole numbers, from 0 and not backwards', {
    fix: 'Pass { start, end }, both included; leave end out for the rest of the file.',
  })
}

/** RFC 9110, and nothing that could begin another header. */
const mediaType =
  /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}(?:[ \t]*;[ \t]*[\w!#$&^.+-]{1,50}=(?:[\w!#$&^.+-]{1,100}|"[ !#-[\]-~]{0,100}"))*$/

function requireType(contentType: string | undefined): void {
  if (contentType === undefined || (contentType.length <= 255 && mediaType.test(contentType))) return
  throw new CoreError('E_INVALID', 'contentType is not a media type', { fix: 'Use one such as audio/wav.' })
}

/** `<store>.<cursor of the store>`: the stores are listed one after the other. */
function readCursor(cursor: string | undefined): readonly [number, string | undefined] {
  if (cursor === undefined) return [0, undefined]
  const [, at, inner] = /^(\d{1,2})\.([\s\S]*)$/.exec(cursor) ?? []
  if (at === undefined)
    throw new CoreError('E_INVALID', 'the cursor is not one of list', { fix: 'Use next as it was.' })
  return [Number(at), inner === '' ? undefined : inner]
}

function notFound(key: string): CoreError {
  return new CoreError('E_NOT_FOUND', `there is no file ${JSON.stringify(key)}`, {
    fix: 'List the files to find its key.',
    details: { reason: 'file_not_found' },
  })
}
