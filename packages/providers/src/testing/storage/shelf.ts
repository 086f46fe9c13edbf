import { createHash } from 'node:crypto'

/** A file as the fakes keep it. */
export interface Shelved {
  readonly bytes: Buffer
  readonly contentType: string
  readonly etag: string
  readonly modifiedAt: Date
}

/** What the fakes of stores keep in memory, and the uploads that are not complete. */
export class Shelf {
  readonly files = new Map<string, Shelved>()
  readonly uploads = new Map<string, { readonly contentType: string; readonly parts: Map<number, Buffer> }>()
  #uploads = 0

  /** As S3 does it, the tag of an upload in parts ends with their number. */
  keep(key: string, bytes: Buffer, contentType: string, parts = 0): Shelved {
    const etag = `${createHash('md5').update(bytes).digest('hex')}${parts === 0 ? '' : `-${parts}`}`
    const file = { bytes, contentType, etag, modifiedAt: new Date() }
    this.files.set(key, file)
    return file
  }

  begin(contentType: string): string {
    const id = `upload-${++this.#uploads}`
    this.uploads.set(id, { contentType, parts: new Map() })
    return id
  }

  /** The parts in their order, as one file. */
  complete(id: string, key: string): Shelved | undefined {
    const upload = this.uploads.get(id)
    if (upload === undefined) return undefined
    this.uploads.delete(id)
    const parts = [...upload.parts].sort(([left], [right]) => left - right).map(([, bytes]) => bytes)
    return this.keep(key, Buffer.concat(parts), upload.contentType, parts.length)
  }

  /** Keys after `after` that begin with `prefix`, by their bytes. */
  list(prefix: string, after: string | undefined, limit: number): { readonly keys: string[]; readonly isCut: boolean } {
    const bytes = (text: string) => Buffer.from(text)
    const keys = [...this.files.keys()]
      .filter((key) => key.startsWith(prefix) && (after === undefined || Buffer.compare(bytes(key), bytes(after)) > 0))
      .sort((left, right) => Buffer.compare(bytes(left), bytes(right)))
    return { keys: keys.slice(0, limit), isCut: keys.length > limit }
  }
}
