import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

export interface Bundle {
  /** A script that puts the exports into the global variable `bundle`. */
  readonly code: string
  /** Minified and compressed, as a page or a worker loads it. */
  readonly gzipBytes: number
  /** Modules that only Node has. */
  readonly nodeImports: readonly string[]
}

/** Sizes of a program whose parts are loaded as they are needed. */
export interface SplitBundle {
  /** What is loaded before the program begins. */
  readonly firstGzipBytes: number
  /** That, and what the modules with these names load; shared parts count once. */
  gzipBytesWith(...names: readonly string[]): number
  /** What the first part imports that is in no bundle. */
  readonly firstImports: readonly string[]
}

const entry = 'virtual:entry'

/** Bundles a program for browsers, with everything that it does not use left out. `from` is where it imports from. */
export async function bundleForBrowsers(program: string, from: string): Promise<Bundle> {
  const build = await rolldown({
    input: entry,
    platform: 'browser',
    logLevel: 'silent',
    external: (id) => id.startsWith('node:'),
    plugins: [
      {
        name: 'entry',
        resolveId(id, importer) {
          if (id === entry) return id
          return importer === entry ? this.resolve(id, from) : undefined
        },
        load: (id) => (id === entry ? program : undefined),
      },
    ],
  })
  const { output } = await build.generate({ format: 'iife', name: 'bundle', minify: true })
  await build.close()
  const { code, imports } = output[0]
  return { code, gzipBytes: gzipSync(code, { level: 9 }).length, nodeImports: imports }
}

/**
 * Bundles a program for a server, split where it imports at run time. `from` is where it imports from; `absent` are packages
 * that are not installed there.
 */
export async function bundleSplit(program: string, from: string, absent: readonly string[] = []): Promise<SplitBundle> {
  const isAbsent = (id: string) => absent.some((name) => id === name || id.startsWith(`${name}/`))
  const build = await rolldown({
    input: entry,
    platform: 'node',
    logLevel: 'silent',
    external: (id) => id.startsWith('node:') || isAbsent(id),
    plugins: [
      {
        name: 'entry',
        resolveId(id, importer) {
          if (id === entry) return id
          return importer === entry ? this.resolve(id, from) : undefined
        },
        load: (id) => (id === entry ? program : undefined),
      },
    ],
  })
  const { output } = await build.generate({ format: 'esm', minify: true })
  await build.close()
  const chunks = new Map(output.flatMap((part) => (part.type === 'chunk' ? [[part.fileName, part] as const] : [])))

  function loadedBy(names: Iterable<string>, loaded = new Set<string>()): Set<string> {
    for (const name of names) {
      if (!chunks.has(name) || loaded.has(name)) continue
      loaded.add(name)
      loadedBy(chunks.get(name)?.imports ?? [], loaded)
    }
    return loaded
  }
  const sizeOf = (names: Set<string>) =>
    [...names].reduce((sum, name) => sum + gzipSync(chunks.get(name)?.code ?? '', { level: 9 }).length, 0)

  const first = loadedBy([output[0].fileName])
  return {
    firstGzipBytes: sizeOf(first),
    gzipBytesWith(...names) {
      const wanted = [...chunks.values()].filter(({ name }) => names.includes(name)).map(({ fileName }) => fileName)
      if (wanted.length !== names.length) throw new Error(`no chunk for each of ${names}: ${[...chunks.keys()]}`)
      return sizeOf(loadedBy(wanted, new Set(first)))
    },
    firstImports: [...first].flatMap((name) => chunks.get(name)?.imports ?? []).filter((name) => !chunks.has(name)),
  }
}
