import type { Client } from '@core/api/client'
import { CoreError, isCoreError } from '@core/foundation'

/** The siblings whose workers compete. */
export const siblings = ['smart_layer', 'manus_origin'] as const

export interface Sibling {
  project: string
  account: string
  /** The key of the run; revoked when it ends. */
  key: { id: string; secret: string }
}

/** What one run of the demo spends from: a pool of its own below `demo_pool`, so that runs do not meet. */
export interface Playground {
  pool: string
  siblings: readonly Sibling[]
}

export const topPool = 'demo_pool'

/**
 * Opens `demo_pool/<run>` without any credits, and below it an account of each sibling that draws on it, with a cap of
 * its own (of the micro-credits the pool will get in all) and a key for its workers.
 */
export async function openPlayground(client: Client, run: string, credits: number): Promise<Playground> {
  await openOnce(client, { account: topPool, kind: 'pool' })
  const pool = `${topPool}/${run}`
  await openOnce(client, { account: pool, kind: 'pool', parent: topPool })
  const registered = new Set((await client.listProjects()).data.map(({ name }) => name))
  const opened: Sibling[] = []
  for (const project of siblings) {
    if (!registered.has(project)) await client.putProject({ params: { project }, body: {} })
    const account = `${project}/demo-${run}`
    await openOnce(client, { account, kind: 'user', parent: pool, funding: 'parent' })
    // Less than half each: towards the end the cap says no before the pool does.
    await client.setBudget({
      params: { project, code: account, budget: 'demo' },
      body: { period: 'total', limit: Math.floor(credits * 0.45) },
    })
    opened.push({ project, account, key: await makeKey(client, project, run) })
  }
  return { pool, siblings: opened }
}

export async function grant(
  client: Client,
  { pool }: Playground,
  amount: number,
  options: { idempotencyKey: string; signal: AbortSignal },
): Promise<void> {
  const body = { account: pool, amount, reason: 'core demo' }
  await client.grantCredits({ params: { project: topPool }, body }, options)
}

/** Ends the keys of the run. Pool and accounts stay: what happened in a ledger is not deleted. */
export async function closePlayground(client: Client, { siblings: opened }: Playground): Promise<void> {
  for (const { project, key } of opened) await client.revokeApiKey({ params: { project, id: key.id } })
}

async function openOnce(
  client: Client,
  body: { account: string; kind: 'pool' | 'user'; parent?: string; funding?: 'parent' },
): Promise<void> {
  try {
    await client.openAccount({ params: { project: body.account.split('/', 1)[0] ?? '' }, body })
  } catch (error) {
    if (!isCoreError(error, 'E_CONFLICT')) throw error // it is there already
  }
}

async function makeKey(client: Client, project: string, run: string): Promise<Sibling['key']> {
  const { id, secret } = await client.createApiKey({
    params: { project },
    body: {
      name: `demo ${run}`,
      scopes: ['ledger:read', 'ledger:spend'],
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(), // in case the demo dies before it can revoke it
    },
  })
  if (secret === null) throw new CoreError('E_INTERNAL', 'the control plane made a key and did not show it')
  return { id, secret }
}
