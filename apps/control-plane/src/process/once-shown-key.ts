import { type ApiKeySecret, generateApiKey } from '@core/api'
import { callable, keyCreate, keyList, keyRevoke, keyUpdate } from '@core/api/functions'
import type { Database } from '@core/database'
import { CoreError, isCoreError } from '@core/foundation'

/** A secret that only this process knows, until `confirm` says that it was shown. */
export interface OnceShownKey {
  readonly secret: ApiKeySecret
  /** Called when the secret was shown. Until then the next start makes it again, unless a request used it. */
  confirm(): Promise<void>
}

type Rpc = Pick<Database, 'rpc'>

const pendingSuffix = ' (not shown yet)'

/**
 * Makes the key of this name for a project, or for the whole system (null): undefined where it was made and shown
 * before. A key that was made and not shown (a start that was interrupted) is replaced.
 */
export async function makeOnceShownKey(
  database: Rpc,
  project: string | null,
  name: string,
): Promise<OnceShownKey | undefined> {
  const pendingName = name + pendingSuffix
  const { keys } = await callable(database, keyList)({ project: project ?? undefined, limit: 1000 })
  const pending = keys.find((key) => key.name === pendingName && key.status === 'active')
  if (pending !== undefined && pending.last_used_at !== null) {
    await callable(database, keyUpdate)({ id: pending.id, name }) // somebody has it
    return undefined
  }
  if (pending === undefined && keys.some((key) => key.name === name)) return undefined

  const replaced = pending ?? keys.findLast((key) => key.name === pendingName)
  if (pending !== undefined) await callable(database, keyRevoke)({ id: pending.id })
  const { secret, hash, hint } = generateApiKey()
  const { id, replayed } = await callable(
    database,
    keyCreate,
  )({
    key: replaced === undefined ? 'first-start' : `first-start:${replaced.id}`,
    hash,
    hint,
    project: project ?? undefined,
    name: pendingName,
  })
  if (replayed) return undefined // another process was faster and shows its own
  return {
    secret,
    async confirm() {
      try {
        await callable(database, keyUpdate)({ id, name })
      } catch (error) {
        if (!isCoreError(error, 'E_CONFLICT')) throw error
        throw new CoreError(
          'E_CONFLICT',
          'another process set this database up at the same moment and replaced a key',
          {
            cause: error,
            fix: 'Use the keys that the other one showed.',
          },
        )
      }
    },
  }
}
