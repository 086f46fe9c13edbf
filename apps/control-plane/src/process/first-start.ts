import type { ApiKeySecret } from '@core/api'
import {
  type AnswerOf,
  callable,
  ledgerAccountOpen,
  ledgerBudgetSet,
  ledgerGrant,
  priceList,
  priceSet,
  projectList,
  projectRegister,
} from '@core/api/functions'
import type { Database } from '@core/database'
import { CoreError, isCoreError } from '@core/foundation'
import { makeOnceShownKey, type OnceShownKey } from './once-shown-key.ts'

/** The example: two projects that share one pool of 1,000 credits, each with 100 a day. */
export const exampleProjects = ['smart_layer', 'manus_origin'] as const
const example = { credits: 1_000_000_000, dailyCredits: 100_000_000 }
const pool = 'pool'

/** Keys made by this call, to be shown this once. Empty when they were made and shown before. */
export interface FirstStart {
  /** Missing where the configuration brings its own owner key, or the key was made before. */
  readonly ownerKey: ApiKeySecret | undefined
  readonly projectKeys: readonly { readonly project: string; readonly key: ApiKeySecret }[]
  /** Every registered project. Without one an operator says which with `core init`. */
  readonly projects: readonly string[]
  /** Called when the keys were shown. Keys that were not are made again by the next call, unless a request used them. */
  confirmShown(): Promise<void>
}

type Rpc = Pick<Database, 'rpc'>

export interface Installation {
  readonly projects: readonly string[]
  /** Whole micro-credits granted to the pool at first, if any. */
  readonly credits?: number | undefined
  /** Whole micro-credits that each project may spend a day; left out: no budget. */
  readonly dailyCredits?: number | undefined
}

export const exampleInstallation: Installation = { projects: exampleProjects, ...example }

/** Which projects a fresh embedded database gets; a database with others is left alone. */
export async function isFreshExample(database: Rpc): Promise<boolean> {
  const names = await listProjectNames(database)
  return names.every((name) => exampleProjects.some((first) => first === name))
}

/**
 * Registers the projects, opens the pool and their accounts on it. Every step has a key of its own, so an interrupted
 * call is finished by the next one, several processes agree, and later changes by the operator stay.
 */
export async function installProjects(database: Rpc, { projects, credits, dailyCredits }: Installation): Promise<void> {
  for (const name of projects) await callable(database, projectRegister)({ name })
  await openPool(database, credits)
  for (const project of projects) await openProjectAccount(database, project, dailyCredits)
}

/** Models of this process have a price in the example, so that the first call shows one. Once: a later price stays. */
export async function priceLocalModel(database: Rpc): Promise<void> {
  const { prices } = await callable(database, priceList)({ provider: 'local', model: 'local' })
  if (prices.length > 0) return
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
    { unit: 'seconds', nanoUsdPerMillion: 1_000_000_000 },
  ]
  await callable(database, priceSet)({ provider: 'local', model: 'local', rates })
}

/** Makes the keys that are missing. Last of all, so that hardly anything can happen before they are shown. */
export async function makeFirstKeys(
  database: Rpc,
  { projects, hasOwnerKey }: { readonly projects: readonly string[]; readonly hasOwnerKey: boolean },
): Promise<FirstStart> {
  const owner = hasOwnerKey ? undefined : await makeOnceShownKey(database, null, 'owner')
  const made: { project: string; key: OnceShownKey }[] = []
  for (const project of projects) {
    const key = await makeOnceShownKey(database, project, 'first key')
    if (key !== undefined) made.push({ project, key })
  }
  return {
    ownerKey: owner?.secret,
    projectKeys: made.map(({ project, key }) => ({ project, key: key.secret })),
    projects,
    async confirmShown() {
      await owner?.confirm()
      for (const { key } of made) await key.confirm()
    },
  }
}

/** What a start shows that makes nothing. */
export async function describeInstalled(database: Rpc): Promise<FirstStart> {
  const projects = await listProjectNames(database)
  return { ownerKey: undefined, projectKeys: [], projects, confirmShown: async () => undefined }
}

async function listProjectNames(database: Rpc): Promise<string[]> {
  const { projects } = await callable(database, projectList)({})
  return projects.map(({ name }) => name)
}

async function openPool(database: Rpc, credits: number | undefined): Promise<void> {
  const open = { key: 'first-start:pool', account: pool, kind: 'pool' } as const
  if (!(await isOurs(callable(database, ledgerAccountOpen)(open))) || credits === undefined) return
  const grant = { key: 'first-start:grant', account: pool, amount: credits, reason: 'first start' }
  try {
    requireDone('grant to', pool, await callable(database, ledgerGrant)(grant))
  } catch (error) {
    // Another installation of this database granted another amount, which stays.
    if (!isCoreError(error, 'E_IDEMPOTENCY_MISMATCH')) throw error
  }
}

async function openProjectAccount(database: Rpc, project: string, dailyCredits: number | undefined): Promise<void> {
  const open = {
    key: 'first-start:account',
    account: project,
    kind: 'project',
    parent: pool,
    funding: 'parent',
  } as const
  if (!(await isOurs(callable(database, ledgerAccountOpen)(open))) || dailyCredits === undefined) return
  const daily = {
    key: 'first-start:daily',
    account: project,
    budget: 'daily',
    period: 'day',
    limit: dailyCredits,
  } as const
  requireDone('set the budget of', project, await callable(database, ledgerBudgetSet)(daily))
}

/** An installation without its credits or its budget is none: a denial ends the start, which the next one continues. */
function requireDone(what: string, account: string, answer: { readonly ok: boolean; readonly code?: string }): void {
  if (answer.ok) return
  throw new CoreError('E_CONFLICT', `cannot ${what} ${account}: ${answer.code}`, {
    fix: `See core accounts show ${account}, then start again.`,
  })
}

/** False for an account somebody else opened: it gets nothing from us. */
async function isOurs(opening: Promise<AnswerOf<typeof ledgerAccountOpen>>): Promise<boolean> {
  try {
    return (await opening).ok
  } catch (error) {
    if (isCoreError(error, 'E_CONFLICT')) return false
    throw error
  }
}
