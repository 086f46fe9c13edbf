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

/** Sends a call until it is answered: a busy machine sheds some, and a run does not fail for that. */
export type Insist = <Answer>(call: (options: CallSettings) => Promise<Answer>) => Promise<Answer>

/**
 * Opens `demo_pool/<run>` without any credits, and below it an account of each sibling that draws on it, with a cap of
 * its own (of the micro-credits the pool will get in all) and a key for its workers.
 */
export async function openPlayground(
  client: Client,
  { run, credits, insist }: { run: string; credits: number; insist: Insist },
): Promise<Playground> {
  const openOnce = (body: NewAccount) => insist((options) => openAccount(client, body, options))
  await openOnce({ account: topPool, kind: 'pool' })
  const pool = `${topPool}/${run}`
  await openOnce({ account: pool, kind: 'pool', parent: topPool })
  const { data } = await insist(({ signal }) => client.listProjects({}, { signal }))
  const registered = new Set(data.map(({ name }) => name))
  const opened: Sibling[] = []
  for (const project of siblings) {
    if (!registered.has(project)) {
      await insist(({ signal }) => client.putProject({ params: { project }, body: {} }, { signal }))
    }
    const account = `${project}/demo-${run}`
    await openOnce({ account, kind: 'user', parent: pool, funding: 'parent' })
    // Less than half each: towards the end the cap says no before the pool does.
    const budget = { project, code: account, budget: 'demo' }
    const body = { period: 'total', limit: Math.floor(credits * 0.45) } as const
    await insist((options) => client.setBudget({ params: budget, body }, options))
    opened.push({ project, account, key: await insist((options) => makeKey(client, { project, run }, options)) })
  }
  return { pool, siblings: opened }
}

export async function grant(
  client: Client,
  { pool }: Playground,
  amount: number,
  options: CallSettings,
): Promise<void> {
  const body = { account: pool, amount, reason: 'core demo' }
  await client.grantCredits({ params: { project: topPool }, body }, options)
}

/** Ends the keys of the run. Pool and accounts stay: what happened in a ledger is not deleted. */
export async function closePlayground(
  client: Client,
  { siblings: opened }: Playground,
  { insist }: { insist: Insist },
): Promise<void> {
  for (const { project, key } of opened) {
    await insist((options) => client.revokeApiKey({ params: { project, id: key.id } }, options))
  }
}

interface CallSettings {
  readonly idempotencyKey: string
  readonly signal: AbortSignal
}

interface NewAccount {
  readonly account: string
  readonly kind: 'pool' | 'user'
  readonly parent?: string
  readonly funding?: 'parent'
}

async function openAccount(client: Client, body: NewAccount, options: CallSettings): Promise<void> {
  try {
    await client.openAccount({ params: { project: body.account.split('/', 1)[0] ?? '' }, body }, options)
  } catch (error) {
    if (!isCoreError(error, 'E_CONFLICT')) throw error // it is there already
  }
}

async function makeKey(
  client: Client,
  { project, run }: { project: string; run: string },
  { signal }: CallSettings,
): Promise<Sibling['key']> {
  // A key that was made and whose answer was lost is never shown again: each attempt makes one of its own.
  const { id, secret } = await client.createApiKey(
    {
      params: { project },
      body: {
        name: `demo ${run}`,
        scopes: ['ledger:read', 'ledger:spend'],
        expiresAt: new Date(Date.now() + 3_600_000).toISOString(), // in case the demo dies before it can revoke it
      },
    },
    { signal },
  )
  if (secret === null) throw new CoreError('E_INTERNAL', 'the control plane made a key and did not show it')
  return { id, secret }
}
