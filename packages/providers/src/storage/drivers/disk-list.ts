import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { compareKeys } from '../storage-key.ts'
import { fromDiskName } from './disk-path.ts'

/** Keys below the root, ordered by their bytes, from the one after `cursor`. Symbolic links are not followed. */
export async function listDisk(
  root: string,
  prefix: string,
  cursor: string | undefined,
  limit: number,
): Promise<{ readonly keys: readonly string[]; readonly next: string | undefined }> {
  const keys: string[] = []
  for await (const key of walk(root, '', prefix, cursor)) {
    if (keys.length === limit) return { keys, next: keys.at(-1) }
    keys.push(key)
  }
  return { keys, next: undefined }
}

async function* walk(
  directory: string,
  before: string,
  prefix: string,
  cursor: string | undefined,
): AsyncGenerator<string> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []) // deleted meanwhile
  const found = entries.flatMap((entry) => {
    if (!(entry.isFile() || entry.isDirectory())) return []
    const piece = fromDiskName(entry.name, entry.isDirectory())
    return piece === undefined ? [] : [{ ...piece, key: before + piece.text, path: join(directory, entry.name) }]
  })
  found.sort((left, right) => compareKeys(left.key, right.key))
  for (const { key, isFile, path } of found) {
    if (isFile) {
      if (key.startsWith(prefix) && (cursor === undefined || compareKeys(key, cursor) > 0)) yield key
      continue
    }
    const mayMatch = key.startsWith(prefix) || prefix.startsWith(key)
    const isBefore = cursor !== undefined && compareKeys(key, cursor) < 0 && !cursor.startsWith(key)
    if (mayMatch && !isBefore) yield* walk(path, key, prefix, cursor)
  }
}
