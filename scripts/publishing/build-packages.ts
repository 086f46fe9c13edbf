import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { compilerEnvironment } from '../compiler-environment.ts'
import { root } from '../root.ts'

/** What a package reads at run time and the compiler does not know, by package: from the root, to its dist. */
const assets: Readonly<Record<string, readonly { from: string; to: string }[]>> = {
  database: [{ from: 'supabase/migrations', to: 'migrations' }],
}

export interface BuiltPackage {
  /** From the root: `packages/ledger`. */
  folder: string
  files: number
}

/**
 * Compiles all packages in one run of the compiler and puts what was asked for into packages/<name>/dist, each folder
 * replaced whole. The tree of dist is that of src, so a file that names a neighbour (a worker, the migrations) finds it
 * in both. Throws with the compiler's findings, and then no dist has changed.
 */
export function buildPackages(names: readonly string[]): BuiltPackage[] {
  // Inside the repository, because a folder can be renamed only within its file system.
  const temporary = mkdtempSync(join(root, 'node_modules', '.core-build-'))
  try {
    compile(temporary)
    return names.map((name) => {
      const compiled = join(temporary, name, 'src')
      for (const { from, to } of assets[name] ?? []) cpSync(join(root, from), join(compiled, to), { recursive: true })
      const dist = join(root, 'packages', name, 'dist')
      if (existsSync(dist)) renameSync(dist, join(temporary, `${name}-before`))
      renameSync(compiled, dist)
      return { folder: `packages/${name}`, files: countFiles(dist) }
    })
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

function compile(outDir: string): void {
  const compiler = join(root, 'node_modules', '.bin', 'tsc')
  const { status, stdout, error } = spawnSync(
    compiler,
    ['-p', 'tsconfig.build.json', '--singleThreaded', '--outDir', outDir],
    {
      cwd: root,
      env: compilerEnvironment(),
      encoding: 'utf8',
      shell: process.platform === 'win32',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  if (error) throw error
  if (status !== 0) throw new Error(`the packages do not compile:\n${stdout.trimEnd()}`)
}

function countFiles(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length
}
