import type { Config } from '@core/config'
import { createFlags, declareFlags } from '@core/config/flags'
import type { Database } from '@core/database'
import { CoreError, type Logger } from '@core/foundation'
import { configuredStores, createStorage, openStores, type Storage, type UrlSigner } from '@core/providers/storage'
import { z } from 'zod/mini'

export interface Store {
  readonly name: string
  readonly storage: Storage
}

export interface Stores extends AsyncDisposable {
  /** Of those that are configured. */
  readonly names: readonly string[]
  /** The store that is written to now. */
  chosen(): Promise<Store>
  /** Undefined for one that is not configured. */
  named(name: string): Promise<Store | undefined>
}

interface StoresDependencies {
  readonly config: Pick<Config, 'storage' | 'dataDir'>
  readonly database: Pick<Database, 'rpc'>
  readonly signer: UrlSigner
  readonly logger: Logger
}

const flagPollMs = 2_000

/** The configured stores, opened at the first use. The flag `providers.storage` names the one that is written to. */
export function createStores({ config, database, signer, logger }: StoresDependencies): Stores {
  const names = configuredStores(config.storage)
  const declarations = declareFlags({
    'providers.storage': {
      description: 'The store that files are written to.',
      default: config.storage.provider,
      schema: z.enum(names),
    },
  })
  let flags: ReturnType<typeof createFlags<typeof declarations>> | undefined
  let opening: Promise<ReadonlyMap<string, Store>> | undefined

  async function open(): Promise<ReadonlyMap<string, Store>> {
    const drivers = await openStores({ config: config.storage, dataDir: config.dataDir, signer })
    return new Map(
      drivers.map((driver) => [driver.name, { name: driver.name, storage: createStorage({ stores: [driver] }) }]),
    )
  }

  function opened(): Promise<ReadonlyMap<string, Store>> {
    opening ??= open().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }

  return {
    names,
    async chosen() {
      const stores = await opened()
      if (flags === undefined && names.length > 1) {
        flags = createFlags({ declarations, database, logger, pollMs: flagPollMs })
        await flags.refresh().catch(() => undefined) // away: the configured one
      }
      const store = stores.get(flags?.get('providers.storage') ?? config.storage.provider)
      if (store === undefined) throw new CoreError('E_INTERNAL', 'the chosen store is not configured')
      return store
    },
    named: async (name) => (await opened()).get(name),
    [Symbol.asyncDispose]: async () => await flags?.close(),
  }
}

/** Where the content of an upload or a file is: never written over, because each upload has a place of its own. */
export function objectKey({ project, object, name }: ObjectPlace): string {
  return `${project}/${object}/${name}`
}

export interface ObjectPlace {
  readonly project: string
  readonly object: string
  readonly name: string
}
