import { join } from 'node:path'
import { root } from '../root.ts'
import { listPublished, type PublishedPackage } from './list-published.ts'
import { runPnpm } from './run-pnpm.ts'

export interface PackedPackage extends PublishedPackage {
  tarball: string
}

/** Packs the dist that is there into `folder`, as publishing would: versions of the workspace become real ones. */
export function packPackages(folder: string): PackedPackage[] {
  const words = ['-r', '--filter', './packages/*', 'pack', '--config.ignore-scripts=true', '--pack-destination', folder]
  runPnpm(root, words)
  return listPublished().map((each) => ({
    ...each,
    tarball: join(folder, `${each.manifest.name.replace('@', '').replace('/', '-')}-${each.manifest.version}.tgz`),
  }))
}
