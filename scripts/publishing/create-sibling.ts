import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compilerEnvironment } from '../compiler-environment.ts'
import { root } from '../root.ts'
import type { PackedPackage } from './pack-packages.ts'
import { runPnpm } from './run-pnpm.ts'

/** A project outside the workspace, with the programs of `./sibling` in it. */
export interface Sibling extends Disposable {
  readonly folder: string
  write(file: string, text: string): void
  /** What the strict compiler finds, one line each; the JavaScript is in `out`. */
  compile(files: readonly string[]): Promise<string[]>
  /** Runs a program to its end under that Node, or another runtime and its words, and reads its output, which is one line of JSON. */
  run(
    program: string,
    file: string,
    env?: Readonly<Record<string, string>>,
    words?: readonly string[],
  ): Promise<unknown>
}

/** Libraries of a sibling's own, each with the folder of this repository whose node_modules has it. */
export type OwnLibraries = readonly (readonly [name: string, from: string])[]

const execute = promisify(execFile)

/**
 * Installs the packed packages into a new sibling. pnpm lays it out without a network: what Core depends on is linked
 * from this workspace, and each package sees exactly what its packed manifest names.
 */
export function createSibling(packed: readonly PackedPackage[], libraries: OwnLibraries): Sibling {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'core-sibling-')))
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text)
  cpSync(join(import.meta.dirname, 'sibling'), folder, { recursive: true })
  write(
    'package.json',
    JSON.stringify({
      name: 'sibling',
      private: true,
      type: 'module',
      dependencies: Object.fromEntries(packed.map(({ manifest }) => [manifest.name, manifest.version])),
      devDependencies: Object.fromEntries(libraries.map(([name]) => [name, '*'])),
    }),
  )
  // JSON is YAML. A store of its own, because the machine's may lie on another file system.
  const overrides = { ...linkLibraries([...listDependencies(packed), ...libraries]), ...nameTarballs(packed) }
  write('pnpm-workspace.yaml', JSON.stringify({ packages: [], storeDir: join(folder, '.store'), overrides }))
  runPnpm(folder, ['install', '--offline', '--no-frozen-lockfile'])
  return {
    folder,
    write,
    compile: (files) => compile(folder, files),
    run: (program, file, env = {}, words = []) => run(folder, [program, ...words, file], env),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
}

function listDependencies(packed: readonly PackedPackage[]): OwnLibraries {
  return packed.flatMap(({ folder, manifest }) =>
    Object.keys(manifest.dependencies ?? {})
      .filter((name) => !name.startsWith('@core/'))
      .map((name) => [name, folder] as const),
  )
}

function linkLibraries(libraries: OwnLibraries): Record<string, string> {
  const link = (name: string, from: string) => `link:${realpathSync(join(root, from, 'node_modules', name))}`
  return Object.fromEntries(libraries.map(([name, from]) => [name, link(name, from)]))
}

function nameTarballs(packed: readonly PackedPackage[]): Record<string, string> {
  return Object.fromEntries(packed.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]))
}

async function compile(folder: string, files: readonly string[]): Promise<string[]> {
  const config = join(folder, `tsconfig.${files.join('.')}.json`)
  writeFileSync(config, JSON.stringify({ extends: './tsconfig.json', files }))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  try {
    await execute(process.execPath, [compiler, '-p', config, '--singleThreaded', '--pretty', 'false'], {
      cwd: folder,
      env: compilerEnvironment(),
    })
    return []
  } catch (error) {
    const output = error instanceof Error ? String(Reflect.get(error, 'stdout')) : ''
    const findings = output.split('\n').filter((line) => /(^|: )error TS\d+/.test(line))
    if (findings.length === 0) throw error // it did not get as far as the program
    return findings
  }
}

async function run(folder: string, [program = '', ...words]: readonly string[], env: Readonly<Record<string, string>>) {
  // The settings of the user who runs the tests are not a sibling's.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(CORE_(?!TEST_)|SUPABASE_|NODE_|VITEST)/.test(name),
  )
  const { stdout } = await execute(program, words, { cwd: folder, env: { ...Object.fromEntries(inherited), ...env } })
  return JSON.parse(stdout)
}
