import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder and those above it, for this user alone; one that is there is left as it is. Node's own recursive mkdir
 * never returns where a file system makes no folders and says ENOENT (/proc): it looks for a missing parent without an end.
 * @throws the failure of the file system, with its code.
 */
export function makeFolder(path: string): void {
  const missing: string[] = []
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.unshift(folder)
  if (missing.length === 0 && !statSync(path).isDirectory()) mkdirSync(path) // the failure names it
  for (const folder of missing) {
    try {
      mkdirSync(folder, { mode: 0o700 })
    } catch (error) {
      if (existsSync(folder) && statSync(folder).isDirectory()) continue // another process was first
      // The one above is there, so this is not about it.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw noFolders(folder, error)
      throw error
    }
  }
}

function noFolders(folder: string, cause: Error): Error {
  return Object.assign(new Error(`ENOTSUP: the file system of ${folder} makes no folders`, { cause }), {
    code: 'ENOTSUP',
  })
}
