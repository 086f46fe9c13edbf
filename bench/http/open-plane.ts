import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { type Client, createClient } from '@core/api/client'
import { prepareEmbeddedFolder } from '@core/database/testing'
import { type ChildServer, forkServer } from './child-server.ts'

export const ownerKey = 'bench-owner-key-0123456789-0123456789'

export interface Plane extends ChildServer {
  /** As the owner. */
  readonly client: Client
}

/** A control plane with a fresh embedded database below `folder`. */
export async function openPlane(folder: string, environment: Readonly<Record<string, string>> = {}): Promise<Plane> {
  const dataDir = await mkdtemp(join(folder, 'plane-'))
  await prepareEmbeddedFolder(dataDir)
  const server = await forkServer('./plane-server.ts', {
    CORE_HTTP_PORT: '0',
    CORE_OWNER_KEY: ownerKey,
    CORE_DATA_DIR: dataDir,
    ...environment,
  })
  return { ...server, client: createClient({ url: server.url, key: ownerKey }) }
}
