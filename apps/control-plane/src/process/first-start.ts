import { type ApiKeySecret, generateApiKey } from '@core/api'
import type { Database } from '@core/database'
import { isCoreError } from '@core/foundation'
import { z } from 'zod'

/** The fleet of a fresh database: two projects that share one pool. */
const poolCredits = 1_000_000_000
const dailyCredits = 100_000_000
export const firstProjects = ['smart_layer', 'manus_origin'] as const

/** Keys made by this start, to be shown this once. Empty when they were made before. */
export interface FirstStart {
  /** Missing where the configuration brings its own owner key, or the key was made before. */
  readonly ownerKey: ApiKeySecret | undefined
  readonly projectKeys: readonly { readonly project: string; readonly key: ApiKeySecret }[]
}

export interface FirstStartOptions {
  readonly database: Pick<Database, 'rpc'>
  readonly hasOwnerKey: boolean
}

/**
 * Fills a fresh database. Every step has a key of its own, so a start that was interrupted is finished by the next,
 * several processes agree, and later changes by the operator stay. A database with other projects is left alone.
 * Keys come last, so that hardly anything can happen between their making and their being shown.
 */
export async function fillFreshDatabase({ database, hasOwnerKey }: FirstStartOptions): Promise<FirstStart> {
  const nothing: FirstStart = { ownerKey: undefined, projectKeys: [] }
  const names = await listProjectNames(database)
  if (names.some((name) => !firstProjects.some((first) => first === name))) return nothing

  for (const name of firstProjects) if (!names.includes(name)) await database.rpc('project_register', { p_name: name })
  await openPool(database)
  for (const project of firstProjects) await openProjectAccount(database, project)

  const ownerKey = hasOwnerKey ? undefined : await makeKey(database, null, 'owner')
  const projectKeys: { project: string; key: ApiKeySecret }[] = []
  for (const project of firstProjects) {
    const key = await makeKey(database, project, 'first key')
    if (key !== undefined) projectKeys.push({ project, key })
  }
  return { ownerKey, projectKeys }
}

const projectsSchema = z.object({ projects: z.array(z.object({ name: z.string() })) })

async function listProjectNames(database: Pick<Database, 'rpc'>): Promise<string[]> {
  const { projects } = projectsSchema.parse(await database.rpc('project_list', {}))
  return projects.map(({ name }) => name)
}

async function openPool(database: Pick<Database, 'rpc'>): Promise<void> {
  const open = { p_key: 'first-start:pool', p_account: 'pool', p_kind: 'pool' }
  if (!(await isOurs(database.rpc('ledger_account_open', open)))) return
  await database.rpc('ledger_grant', {
    p_key: 'first-start:grant',
    p_account: 'pool',
    p_amount: poolCredits,
    p_reason: 'first start',
  })
}

async function openProjectAccount(database: Pick<Database, 'rpc'>, project: string): Promise<void> {
  const open = {
    p_key: 'first-start:account',
    p_account: project,
    p_kind: 'project',
    p_parent: 'pool',
    p_funding: 'parent',
  }
  if (!(await isOurs(database.rpc('ledger_account_open', open)))) return
  await database.rpc('ledger_budget_set', {
    p_key: 'first-start:daily',
    p_account: project,
    p_name: 'daily',
    p_period: 'day',
    p_limit: dailyCredits,
  })
}

/** False for an account somebody else opened: it gets nothing from us. */
async function isOurs(opening: Promise<unknown>): Promise<boolean> {
  try {
    const { ok } = z.object({ ok: z.boolean() }).parse(await opening)
    return ok
  } catch (error) {
    if (isCoreError(error, 'E_CONFLICT')) return false
    throw error
  }
}

/** The key, or undefined where this step was done before and the key shown then. */
async function makeKey(database: Pick<Database, 'rpc'>, project: string | null, name: string) {
  const { secret, hash, hint } = generateApiKey()
  const made = await database.rpc('key_create', {
    p_key: 'first-start',
    p_hash: hash,
    p_hint: hint,
    p_project: project,
    p_name: name,
  })
  return z.object({ replayed: z.boolean() }).parse(made).replayed ? undefined : secret
}
