import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { makeOnce } from '@core/database/testing'
import { type Plugin, rolldown } from 'rolldown'

const root = join(import.meta.dirname, '../../../..')

/** What programs start as threads, from a file beside the one that starts them. */
const threads = ['packages/database/src/drivers/embedded-worker.ts', 'packages/coordinator/src/beat-thread.ts']

/** The programs that tests start. They are one bundle, whose files they share: two of them take twice the time to make. */
const programs = ['apps/cli/src/main.ts', 'apps/control-plane/src/process/main.ts']

let bundled: Promise<string> | undefined

/**
 * The program of this source file as a few files that Node starts with a third of the CPU, because it need not find and
 * read 900: `core start` takes 0.9 s less. Made once for all processes of a test run, and again where a source has changed.
 */
export async function bundleProgram(main: string): Promise<string> {
  const path = relative(root, main).replaceAll('\\', '/')
  if (!programs.includes(path)) throw new Error(`${path} is not among the programs that are bundled`)
  bundled ??= bundle()
  return join(await bundled, `${nameOf(path)}.js`)
}

/** Unlike those of other programs; a thread is looked for under the name of its file. */
const nameOf = (program: string) => program.replace(/\.ts$/, '').replaceAll('/', '-')

/** The folder of the bundle. */
async function bundle(): Promise<string> {
  const folder = join(tmpdir(), `core-test-programs-${keyOfSources()}`)
  await makeOnce(folder, async (unfinished) => {
    const named = [
      ...programs.map((path) => [nameOf(path), join(root, path)]),
      ...threads.map((path) => [basename(path, '.ts'), join(root, path)]),
    ]
    const build = await rolldown({
      input: Object.fromEntries(named),
      platform: 'node',
      logLevel: 'silent',
      treeshake: false,
      plugins: [keepPlaces, leaveDatabase],
    })
    await build.write({ dir: unfinished, format: 'esm', keepNames: true })
    await build.close()
    await writeFile(join(unfinished, 'package.json'), '{ "type": "module" }')
  })
  return folder
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

/** Changes with every source that a program may load. */
function keyOfSources(): string {
  const hash = createHash('sha256').update(root)
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
