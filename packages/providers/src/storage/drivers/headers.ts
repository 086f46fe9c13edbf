/** A tag without its quotes and without the mark of a weak one. */
export function bareTag(etag: string): string {
  return etag.replaceAll(/^(W\/)?"|"$|&quot;/g, '')
}

/** What `Content-Range` says; undefined where the answer is no part of a file. */
export function readContentRange(
  headers: Headers,
): { readonly start: number; readonly end: number; readonly size: number } | undefined {
  const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? []
  return size === undefined ? undefined : { start: Number(start), end: Number(end), size: Number(size) }
}

/** A whole file as a part of itself. */
export function readWhole(headers: Headers): { readonly start: number; readonly end: number; readonly size: number } {
  const size = Number(headers.get('content-length'))
  return { start: 0, end: size - 1, size }
}
