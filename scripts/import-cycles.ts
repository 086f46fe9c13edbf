import { posix } from 'node:path'

/** Each cycle as `a.ts → b.ts → a.ts`, from paths and the modules that each names; empty where there is none. */
export function findImportCycles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = []
  const done = new Set<string>()
  const way: string[] = []
  const visit = (path: string) => {
    const start = way.indexOf(path)
    if (start >= 0) cycles.push([...way.slice(start), path].join(' → '))
    if (start >= 0 || done.has(path)) return
    way.push(path)
    for (const name of imports.get(path) ?? []) {
      if (name.startsWith('.')) visit(posix.join(posix.dirname(path), name))
    }
    way.pop()
    done.add(path)
  }
  for (const path of imports.keys()) visit(path)
  return cycles
}
