import { CoreError } from '@core/foundation'
import type { Session } from '../../session.ts'

/** The first segment of an account's code is the project it belongs to. */
export function projectOf(account: string): string {
  return account.split('/', 1)[0] ?? account
}

/** The account that is meant when none is named: the one of the project the session acts for. */
export async function ownAccount(session: Session): Promise<string> {
  const { client, target } = await session.connect()
  const project = target.project ?? (await client.getMe()).project
  if (project !== null) return project
  throw new CoreError('E_INVALID', 'this key is the owner’s and belongs to no project, so the account must be named', {
    fix: 'Name it (core credits accounts --project pool lists some), or add --project.',
  })
}
