import { createChaosDatabase, createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Coordinator, createCoordinator } from '../src/index.ts'

let on: TestDatabase
let coordinator: Coordinator
let names = 0

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 8 })
  for (const p_name of ['smart_layer', 'manus_origin', 'full']) await on.database.rpc('project_register', { p_name })
  coordinator = createCoordinator({ database: on.database, project: 'smart_layer' })
})
afterAll(() => on.drop())

const newName = () => `lock ${names++}`
const call = (name: string, args: Record<string, string | number>) =>
  on.database.call(name, { p_project: 'smart_layer', ...args })

test('of sixteen processes that want a lock one has it, and after it the next, under a greater fence', async () => {
  const name = newName()
  const first = await Promise.all(Array.from({ length: 16 }, () => coordinator.lock(name)))
  const [held, ...others] = first.filter((lock) => lock !== undefined)
  expect(others).toEqual([])
  await held?.[Symbol.asyncDispose]()
  expect(held?.signal.aborted).toBe(true)
  await using next = await coordinator.lock(name)
  expect(next?.fence).toBeGreaterThan(held?.fence ?? 0)
})

test('a member holds a lock as its coordinator does', async () => {
  await using me = await coordinator.join({ fingerprint: '9'.repeat(64) })
  await using lock = await me.lock('of a member')
  expect(lock).toMatchObject({ name: 'of a member', fence: expect.any(Number) })
  expect(await coordinator.lock('of a member')).toBeUndefined()
})

test('it is renewed for as long as it is held', async () => {
  const name = newName()
  await using held = await coordinator.lock(name, { ttlSeconds: 1 })
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  expect(held?.signal.aborted).toBe(false)
  expect(await coordinator.lock(name)).toBeUndefined()
})

test('the lock of a dead holder is free when its time is over, and its holder cannot have it back', async () => {
  const name = newName()
  const dead = Object(await call('lock_acquire', { p_name: name, p_holder: 'dead', p_ttl_s: 30 }))
  expect(await call('lock_acquire', { p_name: name, p_holder: 'other' })).toMatchObject({
    ok: false,
    code: 'lock_held',
    holder: 'dead',
  })
  await on.sql('update core.lock set ends_at = clock_timestamp() where name = $1', [name])
  // Lost at once, also before anyone else has it.
  const late = { p_name: name, p_fence: dead.fence }
  expect(await call('lock_renew', late)).toMatchObject({ ok: false, code: 'lock_lost' })
  await using next = await coordinator.lock(name)
  expect(next?.fence).toBeGreaterThan(dead.fence)
  expect(await call('lock_renew', late)).toMatchObject({ ok: false, code: 'lock_lost' })
  expect(await call('lock_release', late)).toMatchObject({ released: false })
})

test('an acquisition whose answer was lost is answered again, under the same fence', async () => {
  const args = { p_name: newName(), p_holder: 'h' }
  const first = Object(await call('lock_acquire', args))
  expect(await call('lock_acquire', args)).toMatchObject({ ok: true, fence: first.fence })
})

test('while the database is away the holder gives up before its time is over', async () => {
  const name = newName()
  let isAway = false
  const away = createChaosDatabase(on.database, () => (isAway ? 'throw' : undefined))
  const held = await createCoordinator({ database: away, project: 'smart_layer' }).lock(name, { ttlSeconds: 5 })
  const acquiredAt = performance.now()
  isAway = true
  await new Promise((resolve) => held?.signal.addEventListener('abort', resolve))
  expect(performance.now() - acquiredAt).toBeLessThan(5_000)
  await held?.[Symbol.asyncDispose]()
})

test('a lock of another project needs a share', async () => {
  const claims = { role: 'core_member', project: 'manus_origin', caps: ['lock:take'], sub: 'key:x' } as const
  const theirs = createCoordinator({ database: on.database, claims })
  const name = newName()
  await expect(theirs.lock(name, { owner: 'smart_layer' })).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  await on.sql(
    `insert into core.share (owner, kind, name, grantee, rights) values ('smart_layer', 'lock', $1, 'manus_origin', '{work}')`,
    [name],
  )
  await using held = await theirs.lock(name, { owner: 'smart_layer' })
  expect(held).toBeDefined()
  expect(await coordinator.lock(name)).toBeUndefined()
})

test('a project holds 10,000 at most, and those that ended make room', async () => {
  await on.sql(`insert into core.lock (project, name, holder, ends_at)
    select 'full', 'n' || n, 'h', clock_timestamp() + interval '1 hour' from generate_series(1, 10000) n`)
  const full = createCoordinator({ database: on.database, project: 'full' })
  await expect(full.lock('one more')).rejects.toMatchObject({ code: 'E_CONFLICT', details: { limit: 10_000 } })
  await on.sql(`update core.lock set ends_at = clock_timestamp() - interval '2 hours' where name = 'n7'`)
  expect(await on.database.rpc('lock_sweep', {})).toMatchObject({ swept: 1 })
  await using held = await full.lock('one more')
  expect(held).toBeDefined()
})

test.each([
  ['name', { p_name: '' }],
  ['holder', { p_holder: 'x'.repeat(201) }],
  ['ttl_s', { p_ttl_s: 0 }],
])('a bad %s is refused by name', async (field, wrong) => {
  const args = { p_name: newName(), p_holder: 'h', ...wrong }
  await expect(call('lock_acquire', args)).rejects.toMatchObject({ code: 'E_INVALID', details: { field } })
})
