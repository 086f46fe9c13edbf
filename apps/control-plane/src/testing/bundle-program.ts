import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { makeOnce } from '@core/database/testing'
import { type Plugin, rolldown } from 'rolldown'

const root = join(import.meta.dirname, '../../../..')

/** What programs start as threads, from a file beside the one that starts them. */
const threads = ['packages/database/src/drivers/embedded-worker.ts', 'packages/coordinator/src/beat-thread.ts']

const bundles = new Map<string, Promise<string>>()

/**
 * The program of this source file as a few files that Node starts with a third of the CPU, because it need not find and
 * read 900: `core start` takes 0.9 s less. Made once for all processes of a test run, and again where a source has changed.
 */
export function bundleProgram(main: string): Promise<string> {
  const known = bundles.get(main) ?? bundle(main)
  bundles.set(main, known)
  return known
}

async function bundle(main: string): Promise<string> {
  const folder = join(tmpdir(), `core-test-program-${keyOf(main)}`)
  await makeOnce(folder, async (unfinished) => {
    const names = new Map(
      [main, ...threads.map((path) => join(root, path))].map((path) => [basename(path, '.ts'), path]),
    )
    const build = await rolldown({
      input: Object.fromEntries(names),
      platform: 'node',
      logLevel: 'silent',
      treeshake: false,
      plugins: [keepPlaces, leaveDatabase],
    })
    await build.write({ dir: unfinished, format: 'esm', keepNames: true })
    await build.close()
    await writeFile(join(unfinished, 'package.json'), '{ "type": "module" }')
  })
  return join(folder, `${basename(main, '.ts')}.js`)
}

/** Files that a source looks for beside itself are where they were; threads are in the bundle. */
const keepPlaces: Plugin = {
  name: 'keep-places',
  transform(code, id) {
    if (!code.includes('import.meta.') || code.includes('new Worker(')) return undefined
    return code
      .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
      .replaceAll('import.meta.dirname', JSON.stringify(dirname(id)))
  },
}

/** PGlite reads 15 MB from beside itself. */
const leaveDatabase: Plugin = {
  name: 'leave-database',
  async resolveId(id, importer, options) {
    if (!id.startsWith('@electric-sql/')) return undefined
    const found = await this.resolve(id, importer, { ...options, skipSelf: true })
    return found && { id: pathToFileURL(found.id).href, external: true }
  },
}

/** Changes with the program and with every source that it may load. */
function keyOf(main: string): string {
  const hash = createHash('sha256').update(main)
  const note = (path: string) => {
    const { mtimeMs, size } = statSync(path)
    hash.update(`${path} ${mtimeMs} ${size}\n`)
  }
  note(join(root, 'pnpm-lock.yaml'))
  for (const group of ['packages', 'apps'])
    for (const name of readdirSync(join(root, group))) {
      const source = join(root, group, name, 'src')
      for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' }).sort())
        if (!file.endsWith('.test.ts')) note(join(source, file))
    }
  return hash.digest('hex').slice(0, 16)
}
