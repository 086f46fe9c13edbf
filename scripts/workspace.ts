import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.ts'

/** The parts of a package.json that the checks read. */
export interface Manifest {
  name: string
  version: string
  description?: string
  license?: string
  type?: string
  exports?: Record<string, string>
  publishConfig?: { exports?: Record<string, PublishedExport> }
  files?: string[]
  scripts?: Record<string, string>
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

/** Where an export is in the compiled package. */
export interface PublishedExport {
  types: string
  default: string
}

export interface WorkspacePackage {
  /** From the root, with forward slashes: `packages/ledger`. */
  folder: string
  manifest: Manifest
}

/** The packages and apps that have source; an empty folder promises nothing yet. */
export function listPackages(): WorkspacePackage[] {
  return ['packages', 'apps', 'examples']
    .filter((group) => existsSync(join(root, group)))
    .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
    .filter((folder) => existsSync(join(root, folder, 'src')))
    .map((folder) => ({ folder, manifest: readManifest(folder) }))
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
}
