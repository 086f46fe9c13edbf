import type { Database } from '@core/database'
import type { Keyring } from '../auth/keyring.ts'
import type { Connections } from './connections.ts'

export interface FollowCredentialsDependencies {
  readonly database: Pick<Database, 'listen'>
  readonly keyring: Pick<Keyring, 'forget' | 'forgetUser' | 'forgetLogin'>
  readonly connections: Pick<Connections, 'verifyLogin'>
}

/**
 * Drops what is cached of a credential when the database hints that it has changed at any process, and closes the connections
 * of a login that has ended. Keys and members are events as well, which close theirs.
 */
export async function followCredentials({
  database,
  keyring,
  connections,
}: FollowCredentialsDependencies): Promise<AsyncDisposable> {
  await using opened = new AsyncDisposableStack()
  opened.use(await database.listen('core_key', (keyId) => keyring.forget(keyId)))
  opened.use(await database.listen('core_member', (subject) => keyring.forgetUser(subject)))
  opened.use(
    await database.listen('core_login', (id) => {
      keyring.forgetLogin(id)
      connections.verifyLogin(id)
    }),
  )
  return opened.move()
}
