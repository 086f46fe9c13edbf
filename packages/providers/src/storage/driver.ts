import type { ByteRange, DownloadedFile, FilePage, SignedUrl, SignedUrlOptions, StoredFile } from './storage.ts'

export interface PutOptions {
  readonly contentType: string
  readonly ifAbsent: boolean
  /** Of the whole, where it is known before. */
  readonly size?: number | undefined
}

/** An upload of which nothing can be seen until it is complete. */
export interface PartWriter {
  /** Parts are numbered from 1; all but the last have `partBytes`. The bytes are used again after the promise. */
  write(number: number, bytes: Uint8Array, signal: AbortSignal): Promise<void>
  complete(sha256: string, signal: AbortSignal): Promise<{ readonly etag: string }>
  /** Leaves nothing behind. Never called after `complete` has resolved. */
  abort(): Promise<void>
}

/**
 * What a store has to do. Keys are right and whole; every rule of keys, parts, hashes and deadlines is kept by
 * `createStorage`. It throws the coded errors of storage-error.ts.
 */
export interface StorageDriver {
  readonly name: string
  /** Parts must be written one after the other. */
  readonly ordered?: true
  /** The whole file in one request, at most `partBytes`. */
  put(
    key: string,
    bytes: Uint8Array,
    options: PutOptions & { readonly sha256: string },
    signal: AbortSignal,
  ): Promise<{ readonly etag: string }>
  openParts(key: string, options: PutOptions & { readonly partBytes: number }, signal: AbortSignal): Promise<PartWriter>
  get(key: string, range: ByteRange | undefined, signal: AbortSignal): Promise<DownloadedFile | null>
  head(key: string, signal: AbortSignal): Promise<StoredFile | null>
  delete(key: string, signal: AbortSignal): Promise<void>
  /** False where there is nothing to copy. */
  copy(from: string, to: string, signal: AbortSignal): Promise<boolean>
  list(prefix: string, cursor: string | undefined, limit: number, signal: AbortSignal): Promise<FilePage>
  sign(key: string, options: SignedUrlOptions, signal: AbortSignal): Promise<SignedUrl>
}
