import { readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { root } from './root.ts'

/** Not ours, or made on this machine; the same as .gitignore, which a checkout without git cannot ask. */
const ignoredFolders = new Set(['node_modules', '.git', '.core', 'dist', 'coverage'])

/** Every file of the repository below `folder`, as paths from the root with forward slashes, sorted. */
export function listFiles(folder = '', base = root): string[] {
  const found: string[] = []
  const visit = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name)
      if (!entry.isDirectory()) found.push(relative(base, child).split(sep).join('/'))
      else if (!ignoredFolders.has(entry.name)) visit(child)
    }
  }
  visit(join(base, folder))
  return found.sort()
}
