import { callable, secretStale, webhookStale } from '@core/api/functions'
import { type Config, readSecretsKey } from '@core/config'
import type { Database } from '@core/database'
import { createSealer, sealedBy } from '@core/foundation/seal'
import { type Finding, fault, ok, warning } from './finding.ts'

const mostListed = 500
const makeKey = 'Set CORE_SECRETS_KEY on every control plane, for example to the output of openssl rand -base64 32.'

/** Whether a control plane with this configuration can seal secrets, and open those that are kept. */
export async function checkSecrets(
  database: Pick<Database, 'rpc'>,
  config: Pick<Config, 'database' | 'secretsKey'>,
): Promise<Finding> {
  const keyIds = keysOf(config).map((key) => createSealer([key]).keyId)
  const [first] = keyIds
  const others = await listOthers(database, first ?? 'none')
  const lost = others.filter(({ keyId }) => !keyIds.includes(keyId)).map(({ name }) => name)
  if (lost.length > 0) {
    return fault(
      'secrets',
      `no key opens ${lost.slice(0, 5).join(', ')}${lost.length > 5 ? ` and ${lost.length - 5} more` : ''}`,
      'Add the key that sealed them to CORE_SECRETS_KEY, or set them again: core secrets set, core webhooks rotate.',
    )
  }
  if (first === undefined) {
    if (config.database.driver === 'embedded')
      return ok('secrets', 'none is kept; the first one makes a key beside the database')
    return warning(
      'secrets',
      'there is no CORE_SECRETS_KEY: secrets, webhooks and signed addresses of files are refused',
      makeKey,
    )
  }
  if (others.length === 0) return ok('secrets', 'sealed with the first key')
  return warning(
    'secrets',
    `${others.length}${others.length >= mostListed ? ' or more' : ''} are sealed with an older key`,
    'core secrets rewrap, then remove the old key from CORE_SECRETS_KEY',
  )
}

function keysOf({ database, secretsKey }: Pick<Config, 'database' | 'secretsKey'>): string[] {
  const kept = database.driver === 'embedded' ? readSecretsKey(database.dataDir) : undefined
  return [...secretsKey.map((key) => key.reveal()), ...(kept === undefined ? [] : [kept])]
}

/** What another key than this one sealed, and which. */
async function listOthers(
  database: Pick<Database, 'rpc'>,
  keyId: string,
): Promise<readonly { readonly name: string; readonly keyId: string }[]> {
  const page = { keyId, limit: mostListed }
  const [{ secrets }, { secrets: hooks }] = await Promise.all([
    callable(database, secretStale)(page),
    callable(database, webhookStale)(page),
  ])
  const nameOf = ({ project, name }: { readonly project: string | null; readonly name: string }) =>
    project === null ? name : `${project}/${name}`
  return [
    ...secrets.map((one) => ({ name: nameOf(one), keyId: sealedBy(one.sealed) ?? '' })),
    ...hooks.map((one) => ({ name: `webhook ${nameOf(one)}`, keyId: sealedBy(one.sealed) ?? '' })),
  ]
}
