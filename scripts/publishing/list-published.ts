import { listPackages, type WorkspacePackage } from '../workspace.ts'

export interface PublishedPackage extends WorkspacePackage {
  /** The folder's own name: `ledger`. */
  name: string
}

/** Apps run from a check-out or an image; what siblings install are the packages. */
export function listPublished(): PublishedPackage[] {
  return listPackages().flatMap((each) => {
    const [group, name] = each.folder.split('/')
    return group === 'packages' && name !== undefined ? [{ ...each, name }] : []
  })
}
