import { loadConfig } from '@core/config'
import { openStorage } from '@core/providers/storage'
import type { ControlPlane, Environment } from '../choose-connection.ts'
import type { Context } from './context.ts'
import type { CoreStorage } from './core-storage.ts'

export interface StorageContext extends Pick<Context, 'project'> {
  readonly env: Environment
  readonly plane: ControlPlane | undefined
}

/** The files that the control plane keeps, by their quota; without one the store of `CORE_STORAGE_PROVIDER`, below the project. */
export async function openCoreStorage({ project, env, plane }: StorageContext): Promise<CoreStorage> {
  if (plane) return (await import('./plane-storage.ts')).createPlaneStorage(plane)
  const { storage: config, dataDir } = loadConfig({ env })
  return (await openStorage({ config, dataDir })).within(project)
}
