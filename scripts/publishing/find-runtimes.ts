import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Where `npm install --prefix <folder> bun deno miniflare next react react-dom` was run: 700 MB, so no dependency of this
 * repository.
 */
export const runtimesFolder = process.env['CORE_TEST_RUNTIMES']

const binaries: Readonly<Record<'bun' | 'deno', string>> = {
  bun: `@oven/bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}/bin/bun`,
  deno: `@deno/${process.platform}-${process.arch}${process.platform === 'linux' ? '-glibc' : ''}/deno`,
}

/** The program, from the PATH or from that folder; undefined where this machine has none. */
export function findRuntime(name: 'bun' | 'deno'): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name))
  const packed = runtimesFolder === undefined ? [] : [join(runtimesFolder, 'node_modules', binaries[name])]
  return [...packed, ...folders].find((file) => existsSync(file))
}

/** The folder of a package there, or undefined. */
export function findPackage(name: string): string | undefined {
  if (runtimesFolder === undefined) return undefined
  const folder = join(runtimesFolder, 'node_modules', name)
  return existsSync(folder) ? folder : undefined
}
