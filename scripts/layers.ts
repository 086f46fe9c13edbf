import { posix } from 'node:path'
import { importsOf, packageOf } from './imports.ts'
import type { Manifest } from './workspace.ts'

/**
 * Imports point down, never sideways. Two packages of one layer that must meet do so through a port: a function or a
 * small interface that the layer above passes in.
 */
export const layers: Readonly<Record<string, number>> = {
  '@core/foundation': 0,
  '@core/config': 1,
  '@core/database': 1,
  '@core/api': 1,
  '@core/ledger': 2,
  '@core/cache': 2,
  '@core/embeddings': 2,
  '@core/coordinator': 2,
  '@core/providers': 2,
  '@core/router': 3,
  '@core/sdk': 4,
  '@core/control-plane': 5,
  '@core/cli': 6, // `core start` runs the control plane
  '@core/example-siblings': 7, // what the services of the examples have in common
}
/** Examples may import everything. */
const topLayer = 8

export interface SourceFile {
  /** From the package's folder: `src/ledger.ts`. */
  path: string
  text: string
}

/** Tests, test kits and scripts are not part of what a package ships: they may use its devDependencies. */
function isDevelopmentFile(path: string): boolean {
  return /\.test\.ts$|^test\/|^scripts\/|^src\/testing\//.test(path) || path === 'vitest.config.ts'
}

/** What is wrong with the imports of one package, as sentences; empty when nothing is. */
export function findLayerFaults(manifest: Manifest, files: readonly SourceFile[]): string[] {
  const layer = layers[manifest.name] ?? topLayer
  // A peer is the caller's to install; what loads it says so where it is missing.
  const shipped = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))
  const development = new Set([...shipped, ...Object.keys(manifest.devDependencies ?? {}), 'vitest', 'fast-check'])
  const faults: string[] = []
  for (const { path, text } of files) {
    const isDevelopment = isDevelopmentFile(path)
    for (const specifier of importsOf(text)) {
      const target = packageOf(specifier)
      const at = `${manifest.name}/${path} imports ${specifier}`
      if (target === undefined) {
        if (specifier.startsWith('.') && leavesPackage(path, specifier)) faults.push(`${at}: outside its own package`)
        continue
      }
      if (target === manifest.name) continue
      if (!(isDevelopment ? development : shipped).has(target)) faults.push(`${at}: not in its package.json`)
      const targetLayer = target.startsWith('@core/') ? layers[target] : -1
      if (targetLayer === undefined) faults.push(`${at}: a package without a layer; add it to scripts/layers.ts`)
      // A test may use a neighbour (a real database under the flags), never a layer above.
      else if (isDevelopment ? targetLayer > layer : targetLayer >= layer) faults.push(`${at}: points up or sideways`)
    }
  }
  return [...faults, ...findUnusedDependencies(manifest, files)]
}

function leavesPackage(path: string, specifier: string): boolean {
  return posix.join(posix.dirname(path), specifier).startsWith('..')
}

/** Named in quotes counts as used: some are resolved at run time (a server binary, a CLI) and not imported. */
function findUnusedDependencies(manifest: Manifest, files: readonly SourceFile[]): string[] {
  const mentions = (name: string, of: readonly SourceFile[]) =>
    of.some(({ text }) => new RegExp(`['"]${name}['"/]`).test(text))
  const shippedFiles = files.filter(({ path }) => !isDevelopmentFile(path))
  return [
    ...Object.keys(manifest.dependencies ?? {})
      .filter((name) => !mentions(name, shippedFiles))
      .map((name) => `${manifest.name} depends on ${name} and does not use it`),
    ...Object.keys(manifest.devDependencies ?? {})
      .filter((name) => !name.startsWith('@types/') && !mentions(name, files))
      .map((name) => `${manifest.name} has the devDependency ${name} and does not use it`),
  ]
}
