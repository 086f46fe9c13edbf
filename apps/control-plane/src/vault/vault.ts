import { callable, secretRewrap, secretSealed, secretStale } from '@core/api/functions'
import { type Config, createSecret, ensureSecretsKey, readSecretsKey, type Secret } from '@core/config'
import type { Database } from '@core/database'
import { type CallOptions, CoreError, isCoreError } from '@core/foundation'
import { createSealer, type Sealer, type SealPlace } from '@core/foundation/seal'
import type { RouteContext } from '../http/bound-route.ts'

type SystemRpc = RouteContext['rpcUnbound']

/** A sealed text that an older key sealed. */
export interface StaleSeal {
  readonly place: SealPlace
  readonly sealed: string
  /** False where it was replaced meanwhile. */
  replace(sealed: string): Promise<boolean>
}

/** Where a noun keeps sealed texts: those that another key than this sealed, `limit` at most. */
export type FindStaleSeals = (rpc: SystemRpc, keyId: string, limit: number) => Promise<readonly StaleSeal[]>

export interface RewrapResult {
  readonly rewrapped: number
  readonly unreadable: number
  readonly remaining: boolean
}

/** Seals what nouns keep in the database and opens it where it is used. The keys are this process's alone. */
export interface Vault {
  /** @throws CoreError E_CONFLICT where this process has no key. */
  seal(place: SealPlace, text: string): string
  /** @throws CoreError E_CONFLICT where it has none, or none that opens it. */
  open(place: SealPlace, sealed: string): Secret
  /** A secret of a project, or with null of the installation. @throws CoreError E_NOT_FOUND, E_CONFLICT as `open`. */
  reveal(project: string | null, name: string, options?: CallOptions): Promise<Secret>
  /** Adds what a rotation of the key has to seal again. */
  addStore(find: FindStaleSeals): void
  /** Seals up to 500 texts again with the present key, for the caller whose `rpc` it is. */
  rewrap(rpc: SystemRpc): Promise<RewrapResult>
}

const mostAtOnce = 500

/** The key file is made, or read, where the first secret is: a start needs none. */
export function createVault(config: Pick<Config, 'database' | 'secretsKey'>, database: Pick<Database, 'rpc'>): Vault {
  let made: Sealer | undefined
  const sealer = () => {
    made ??= createSealer(findKeys(config))
    return made
  }
  const readSealed = callable(database, secretSealed)
  const stores: FindStaleSeals[] = [findStaleSecrets]
  const vault: Vault = {
    seal: (place, text) => sealer().seal(place, text),
    open: (place, sealed) => createSecret(sealer().open(place, sealed)),
    async reveal(project, name, options) {
      const { version, sealed } = await readSealed({ name, ...(project === null ? {} : { project }) }, options)
      return vault.open(secretPlace(project, name, version), sealed)
    },
    addStore: (find) => void stores.push(find),
    async rewrap(caller) {
      const { keyId, open, seal } = sealer()
      let rewrapped = 0
      let unreadable = 0
      let found = 0
      for (const find of stores) {
        if (found >= mostAtOnce) break
        const stale = await find(caller, keyId, mostAtOnce - found)
        found += stale.length
        for (const { place, sealed, replace } of stale) {
          try {
            if (await replace(seal(place, open(place, sealed)))) rewrapped++
          } catch (error) {
            if (!isCoreError(error, 'E_CONFLICT') || error.details['reason'] !== 'unreadable_secret') throw error
            unreadable++
          }
        }
      }
      return { rewrapped, unreadable, remaining: found >= mostAtOnce && rewrapped > 0 }
    },
  }
  return vault
}

export function secretPlace(project: string | null, name: string, version: string): SealPlace {
  return [project, name, version]
}

function findKeys({ database, secretsKey }: Pick<Config, 'database' | 'secretsKey'>): readonly [string, ...string[]] {
  const [first, ...rest] = secretsKey.map((key) => key.reveal())
  const isEmbedded = database.driver === 'embedded'
  if (first === undefined) {
    if (isEmbedded) return [ensureSecretsKey(database.dataDir)]
    throw new CoreError('E_CONFLICT', 'this control plane has no key to seal secrets with', {
      fix: 'Set CORE_SECRETS_KEY on every control plane, for example to the output of openssl rand -base64 32.',
      details: { reason: 'no_secrets_key' },
    })
  }
  const kept = isEmbedded ? readSecretsKey(database.dataDir) : undefined
  return [first, ...rest, ...(kept === undefined ? [] : [kept])]
}

const findStaleSecrets: FindStaleSeals = async (rpc, keyId, limit) => {
  const { secrets } = await callable({ rpc }, secretStale)({ keyId, limit })
  return secrets.map(({ project, name, version, sealed }) => ({
    place: secretPlace(project, name, version),
    sealed,
    replace: async (next) => {
      const at = { name, version, sealed: next, ...(project === null ? {} : { project }) }
      return (await callable({ rpc }, secretRewrap)(at)).rewrapped
    },
  }))
}
