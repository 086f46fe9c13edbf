import { hashApiKey } from '@core/api'
import { loadConfig } from '@core/config'
import type { Database } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { silentLogger } from '@core/foundation'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startControlPlane } from '../src/process/compose.ts'
import {
  exampleInstallation,
  exampleProjects,
  type FirstStart,
  installProjects,
  makeFirstKeys,
} from '../src/process/first-start.ts'

let own: TestDatabase
beforeEach(async () => {
  own = await createTestDatabase()
})
afterEach(() => own.drop())

type Rpc = Pick<Database, 'rpc'>

async function firstStart(database: Rpc, show: (made: FirstStart) => void): Promise<void> {
  await installProjects(database, exampleInstallation)
  const made = await makeFirstKeys(database, { projects: exampleProjects, hasOwnerKey: false })
  show(made)
  await made.confirmShown()
}

/** Passes calls on and fails at the n-th: before it is carried out, or when its answer should come. */
function failAt(database: Rpc, n: number, when: 'before' | 'after'): Rpc & { readonly calls: number } {
  let calls = 0
  return {
    get calls() {
      return calls
    },
    rpc: async (...call) => {
      const fails = ++calls === n
      if (fails && when === 'before') throw new Error(`stopped before call ${n}`)
      const answer = await database.rpc(...call)
      if (fails) throw new Error(`stopped after call ${n}`)
      return answer
    },
  }
}

const isGood = async (database: Rpc, key: string | undefined) =>
  Object(await database.rpc('key_verify', { p_hash: hashApiKey(key ?? '') }))['ok'] === true

/** Of each key the one that was shown last works. */
async function expectWorkingKeys(database: Rpc, shown: readonly FirstStart[]): Promise<void> {
  const owners = shown.flatMap(({ ownerKey }) => ownerKey ?? [])
  expect(await isGood(database, owners.at(-1))).toBe(true)
  for (const project of exampleProjects) {
    const keys = shown.flatMap(({ projectKeys }) => projectKeys.filter((made) => made.project === project))
    expect(await isGood(database, keys.at(-1)?.key), project).toBe(true)
  }
}

/** Counted from the code itself: what a whole first start calls. */
async function countCalls(): Promise<number> {
  await using other = await createTestDatabase()
  const counting = failAt(other.database, Number.POSITIVE_INFINITY, 'before')
  await firstStart(counting, () => undefined)
  return counting.calls
}

// A start that ends after a call leaves what one leaves that ends before the next.
test('a first start that ends before or after one of its calls is finished by the next one, which shows working keys', {
  timeout: 180_000,
}, async () => {
  const total = await countCalls()
  expect(total).toBeGreaterThan(10)
  const ends = Array.from({ length: total }, (_, index) => [index + 1, 'before'] as const)
  for (const [n, when] of [...ends, [total, 'after'] as const]) {
    await using one = await createTestDatabase()
    const { database } = one
    const shown: FirstStart[] = []
    const stopping = failAt(database, n, when)
    await expect(firstStart(stopping, (made) => shown.push(made))).rejects.toThrow(`stopped ${when} call ${n}`)
    await firstStart(database, (made) => shown.push(made))
    await expectWorkingKeys(database, shown)
    expect(await database.rpc('ledger_balance', { p_account: 'pool' })).toMatchObject({ available: 1_000_000_000 })
    await firstStart(database, (made) => expect([made.ownerKey, ...made.projectKeys]).toEqual([undefined]))
  }
})

test('keys that were never shown are made again, unless a request used them', async () => {
  const { database } = own
  await installProjects(database, exampleInstallation)
  const lost = await makeFirstKeys(database, { projects: exampleProjects, hasOwnerKey: false }) // and never shown
  const [used] = lost.projectKeys
  const { id } = Object(await database.rpc('key_verify', { p_hash: hashApiKey(used?.key ?? '') }))
  await own.sql('update core.api_key set last_used_at = now() where id = $1', [id])
  const again = await makeFirstKeys(database, { projects: exampleProjects, hasOwnerKey: false })
  expect(again.projectKeys.map(({ project }) => project)).toEqual(['manus_origin'])
  expect(await isGood(database, used?.key)).toBe(true)
  expect(await isGood(database, again.ownerKey)).toBe(true)
  expect(await isGood(database, lost.ownerKey)).toBe(false)
})

test('of two at the same moment one shows each key that works; the other fails, or shows none', async () => {
  const { database } = own
  const shown: FirstStart[] = []
  await Promise.allSettled([1, 2].map(() => firstStart(database, (made) => shown.push(made))))
  await firstStart(database, (made) => shown.push(made))
  for (const project of exampleProjects) {
    const keys = shown.flatMap(({ projectKeys }) => projectKeys.filter((made) => made.project === project))
    const good = await Promise.all(keys.map(({ key }) => isGood(database, key)))
    expect(good.filter(Boolean), project).toHaveLength(1)
  }
})

describe('on a server', () => {
  const start = (overrides: object) =>
    startControlPlane({
      config: loadConfig({ env: {}, cwd: import.meta.dirname, overrides: { http: { port: 0 }, ...overrides } }),
      logger: silentLogger,
    })

  test('a first start makes nothing and says that nothing is set up', async () => {
    await using plane = await start({ database: { url: own.url } })
    expect(plane.firstStart).toMatchObject({ projects: [], ownerKey: undefined, projectKeys: [] })
    expect(await own.database.rpc('project_list', {})).toMatchObject({ projects: [] })
    expect(await own.sql('select count(*)::int as keys from core.api_key')).toEqual([{ keys: 0 }])
  })

  test('the supabase driver is refused, with the setting that helps', async () => {
    const supabase = { url: 'https://example.supabase.co', serviceRoleKey: 'service-key-of-a-test' }
    await expect(start({ database: { supabase } })).rejects.toMatchObject({
      code: 'E_CONFIG_INVALID',
      fix: expect.stringContaining('CORE_DATABASE_URL'),
    })
  })
})
