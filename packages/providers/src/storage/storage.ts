import type { CallOptions } from '@core/foundation'

/** What can be uploaded: bytes that are there, or a stream that is read once, in order. */
export type StorageSource = Uint8Array | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

export interface UploadOptions {
  /** Default: application/octet-stream. */
  readonly contentType?: string | undefined
  /** In bytes. The upload is refused, and nothing is kept, where the source has another size. */
  readonly size?: number | undefined
  /** In hex. The upload is refused, and nothing is kept, where the source has another one. */
  readonly sha256?: string | undefined
  /** Rejects with E_CONFLICT where there is a file of this key. */
  readonly ifAbsent?: boolean | undefined
  /** Called with the bytes read so far, after each part. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

export interface UploadedFile {
  readonly key: string
  readonly size: number
  /** Changes whenever the content does; what it is made of is the store's. */
  readonly etag: string
  /** Of the content, in hex. */
  readonly sha256: string
}

export interface StoredFile {
  readonly key: string
  readonly size: number
  readonly etag: string
  readonly contentType: string
  readonly modifiedAt: Date
}

/** A part of a file, both ends included; without an end to the end of the file. */
export interface ByteRange {
  readonly start: number
  readonly end?: number | undefined
}

export interface DownloadedFile extends Omit<StoredFile, 'key' | 'modifiedAt'> {
  /** Read it to its end, or cancel it. `size` is that of the whole file. */
  readonly stream: ReadableStream<Uint8Array>
  /** What the stream holds: the whole file, or the range that was asked for, cut at the end of the file. */
  readonly range: { readonly start: number; readonly end: number }
}

export interface FilePage {
  readonly files: readonly StoredFile[]
  /** The cursor of the next page; undefined on the last one. */
  readonly next: string | undefined
}

/** Of a URL that a browser or a program may use without a key. */
export interface SignedUrlOptions {
  readonly method: 'GET' | 'PUT'
  /** 1 to 604,800. */
  readonly expiresSeconds: number
  /** Of a PUT: the type to store. */
  readonly contentType?: string | undefined
  /** Of a PUT: the exact size where the store can hold the client to it, else the most. */
  readonly maxBytes?: number | undefined
  /** Of a GET: the name under which a browser saves the file. */
  readonly downloadName?: string | undefined
}

export interface SignedUrl {
  readonly url: string
  readonly method: 'GET' | 'PUT'
  /** What the request must have besides. */
  readonly headers: Readonly<Record<string, string>>
  readonly expiresAt: Date
}

/**
 * Files by key. Keys are 1 to 1,024 bytes of UTF-8 in NFC, segments with `/` between them; none is empty, `.` or `..`, and
 * there are no control characters: anything else is refused with E_INVALID before a store is asked.
 */
export interface Storage {
  /** Whole or not at all. Streams travel in parts of 8 MiB, four at a time. */
  upload(key: string, source: StorageSource, options?: UploadOptions, call?: CallOptions): Promise<UploadedFile>
  /** Null where there is none. A range that begins behind the end is refused with E_INVALID. */
  download(
    key: string,
    options?: { readonly range?: ByteRange | undefined },
    call?: CallOptions,
  ): Promise<DownloadedFile | null>
  head(key: string, call?: CallOptions): Promise<StoredFile | null>
  /** Does nothing where there is none. */
  delete(key: string, call?: CallOptions): Promise<void>
  /** Rejects with E_NOT_FOUND where there is nothing to copy. */
  copy(from: string, to: string, call?: CallOptions): Promise<StoredFile>
  /** Files whose keys begin with the prefix; `limit` is 1 to 1,000, by default 100. */
  list(
    prefix?: string,
    options?: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
    call?: CallOptions,
  ): Promise<FilePage>
  getSignedUrl(key: string, options: SignedUrlOptions, call?: CallOptions): Promise<SignedUrl>
  /** The files below `<folder>/` alone; keys, in and out, are relative to it. */
  within(folder: string): Storage
}
