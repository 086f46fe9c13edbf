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
