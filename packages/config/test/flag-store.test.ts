import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { rolloutBucket } from '../src/index.ts'
import { connect, type FlagClient, type FlagServer, openFlagServer } from './flag-server.ts'

let server: FlagServer
let owner: FlagClient
beforeAll(async () => {
  server = await openFlagServer()
  owner = await connect(server.url)
})
afterAll(async () => {
  await owner[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await owner.query('delete from core.flag')
})

async function member(project: string, caps = ['flag:read', 'flag:write']): Promise<FlagClient> {
  const client = await connect(server.url)
  await client.asMember(project, caps)
  return client
}

const list = async (client = owner, args = {}) => {
  const answer = await client.call('flag_list', args)
  return answer as { version: number; more: boolean; flags: Record<string, unknown>[] }
}
const names = async (client = owner, args = {}) => (await list(client, args)).flags.map(({ name }) => name)
const refusal = (client: FlagClient, name: string, args: Record<string, unknown>) =>
  client.call(name, args).then(
    () => undefined,
    (error: unknown) => {
      if (!(error instanceof pg.DatabaseError)) throw error
      return { sqlstate: error.code, hint: error.hint, ...JSON.parse(error.detail ?? '{}') }
    },
  )

describe('setting a flag', () => {
  test('stores value, share, version, time and who did it', async () => {
    const answer = await owner.call('flag_set', { p_name: 'a', p_value: { x: [1] }, p_rollout_bp: 2500 })
    expect(answer).toMatchObject({ ok: true, changed: true })
    const { version, flags } = await list()
    expect(flags).toEqual([
      {
        name: 'a',
        project: null,
        value: { x: [1] },
        cleared: false,
        rollout_bp: 2500,
        version,
        updated_at: expect.any(String),
        updated_by: 'postgres',
        etag: String(version),
      },
    ])
    expect(answer['flag']).toEqual(flags[0])
  })

  test.each([[true], [false], [0], ['text'], [[]], [{}]])('takes %j as a value', async (value) => {
    await owner.call('flag_set', { p_name: 'a', p_value: JSON.stringify(value) })
    expect((await list()).flags).toMatchObject([{ value }])
  })

  test('to what it says already makes no new version and no hint', async () => {
    const once = await owner.call('flag_set', { p_name: 'a', p_value: 'true' })
    const twice = await owner.call('flag_set', { p_name: 'a', p_value: 'true' })
    expect(twice).toEqual({ ok: true, changed: false, version: once['version'], etag: once['etag'] })
    const raised = await owner.call('flag_set', { p_name: 'a', p_value: 'true', p_rollout_bp: 5 })
    expect(raised).toMatchObject({ changed: true, version: Number(once['version']) + 1 })
  })

  test('for a project is kept beside the one for all, and clearing removes just one', async () => {
    await owner.call('flag_set', { p_name: 'a', p_value: '1' })
    await owner.call('flag_set', { p_name: 'a', p_value: '2', p_project: 'smart_layer' })
    expect((await list()).flags).toMatchObject([
      { project: null, value: 1 },
      { project: 'smart_layer', value: 2 },
    ])
    expect(await owner.call('flag_clear', { p_name: 'a' })).toMatchObject({ changed: true })
    expect(await owner.call('flag_clear', { p_name: 'a' })).toMatchObject({ changed: false })
    expect(await owner.call('flag_clear', { p_name: 'never_set' })).toMatchObject({ changed: false })
    expect((await list()).flags).toMatchObject([{ project: 'smart_layer', value: 2 }])
  })

  test.each([
    ['a malformed name', { p_name: 'A b', p_value: 'true' }, 'PT400', 'invalid_flag'],
    ['no name', { p_name: null, p_value: 'true' }, 'PT400', 'invalid_flag'],
    ['a name of 101 characters', { p_name: 'a'.repeat(101), p_value: 'true' }, 'PT400', 'invalid_flag'],
    ['no value', { p_name: 'a', p_value: null }, 'PT400', 'invalid_value'],
    ['the value null', { p_name: 'a', p_value: 'null' }, 'PT400', 'invalid_value'],
    ['a huge value', { p_name: 'a', p_value: JSON.stringify(randomText(20_000)) }, 'PT413', 'value_too_large'],
    ['a negative share', { p_name: 'a', p_value: 'true', p_rollout_bp: -1 }, 'PT400', 'invalid_rollout'],
    ['a share above the whole', { p_name: 'a', p_value: 'true', p_rollout_bp: 10_001 }, 'PT400', 'invalid_rollout'],
    ['no share', { p_name: 'a', p_value: 'true', p_rollout_bp: null }, 'PT400', 'invalid_rollout'],
    [
      'an unknown project',
      { p_name: 'a', p_value: 'true', p_project: 'no_such_project' },
      'PT404',
      'project_not_found',
    ],
  ])('with %s is refused and changes nothing', async (_, args, sqlstate, code) => {
    const before = await list()
    expect(await refusal(owner, 'flag_set', args)).toMatchObject({ sqlstate, code, hint: /\w/ })
    expect(await list()).toEqual(before)
  })

  test('a thousand and first flag of one scope is refused, a change to one of them is not', async () => {
    await owner.query(`select core_api.flag_set('f' || n, 'true') from generate_series(1, 1000) n`)
    const next = { p_name: 'one_more', p_value: 'true' }
    expect(await refusal(owner, 'flag_set', next)).toMatchObject({ sqlstate: 'PT413', code: 'too_many_flags' })
    expect(await owner.call('flag_set', { p_name: 'f7', p_value: 'false' })).toMatchObject({ changed: true })
    expect(await owner.call('flag_set', { ...next, p_project: 'smart_layer' })).toMatchObject({ changed: true })
    await owner.call('flag_clear', { p_name: 'f9' })
    expect(await owner.call('flag_set', next)).toMatchObject({ changed: true })
  })
})

describe('who may', () => {
  test('a member sees its own overrides and those for all', async () => {
    await owner.call('flag_set', { p_name: 'all', p_value: 'true' })
    await owner.call('flag_set', { p_name: 'mine', p_value: 'true', p_project: 'smart_layer' })
    await owner.call('flag_set', { p_name: 'theirs', p_value: 'true', p_project: 'manus_origin' })
    await using smart = await member('smart_layer')
    expect(await names(smart)).toEqual(['all', 'mine'])
    expect(await names(smart, { p_project: 'smart_layer' })).toEqual(['all', 'mine'])
    expect(await names(owner)).toEqual(['all', 'mine', 'theirs'])
    expect(await names(owner, { p_project: 'manus_origin' })).toEqual(['all', 'theirs'])
  })

  test('a member changes its own flags, with its name on them, and no other’s', async () => {
    await using smart = await member('smart_layer')
    const own = { p_name: 'a', p_value: 'true', p_project: 'smart_layer' }
    expect(await smart.call('flag_set', own)).toMatchObject({ flag: { updated_by: 'key of smart_layer' } })
    expect(await smart.call('flag_clear', { p_name: 'a', p_project: 'smart_layer' })).toMatchObject({ changed: true })
    const before = await list()
    for (const project of [null, 'manus_origin', 'no_such_project']) {
      const args = { p_name: 'a', p_value: 'true', p_project: project }
      expect(await refusal(smart, 'flag_set', args)).toMatchObject({ sqlstate: 'PT403', code: 'forbidden_project' })
      const clear = { p_name: 'a', p_project: project }
      expect(await refusal(smart, 'flag_clear', clear)).toMatchObject({ sqlstate: 'PT403' })
    }
    expect(await refusal(smart, 'flag_list', { p_project: 'manus_origin' })).toMatchObject({ sqlstate: 'PT403' })
    expect(await list()).toEqual(before)
  })

  test('reading and writing are separate scopes', async () => {
    await using reader = await member('smart_layer', ['flag:read'])
    await using writer = await member('smart_layer', ['flag:write'])
    const own = { p_name: 'a', p_value: 'true', p_project: 'smart_layer' }
    expect(await refusal(reader, 'flag_set', own)).toMatchObject({ code: 'forbidden_capability' })
    expect(await refusal(writer, 'flag_list', {})).toMatchObject({ code: 'forbidden_capability' })
    await writer.call('flag_set', own)
    expect(await names(reader)).toEqual(['a'])
  })

  test('the tables are reached through the functions only', async () => {
    await using smart = await member('smart_layer')
    for (const table of ['flag', 'flag_counter']) {
      await expect(smart.query(`select * from core.${table}`)).rejects.toMatchObject({ code: '42501' })
    }
    await expect(smart.query(`select core.flag_write('a', null, 'true', 1)`)).rejects.toMatchObject({ code: '42501' })
  })
})

describe('listing by cursor', () => {
  test('gives what changed, oldest first, cleared flags included', async () => {
    await owner.call('flag_set', { p_name: 'a', p_value: 'true' })
    await owner.call('flag_set', { p_name: 'b', p_value: 'true' })
    const { version } = await list()
    expect(await list(owner, { p_after_version: version })).toMatchObject({ version, more: false, flags: [] })
    await owner.call('flag_set', { p_name: 'b', p_value: 'false' })
    await owner.call('flag_clear', { p_name: 'a' })
    expect(await list(owner, { p_after_version: version })).toMatchObject({
      version: version + 2,
      flags: [
        { name: 'b', value: false, cleared: false },
        { name: 'a', value: null, cleared: true },
      ],
    })
    expect(await names()).toEqual(['b'])
  })

  test('pages without a gap', async () => {
    await owner.query(`select core_api.flag_set('f' || n, 'true') from generate_series(1, 7) n`)
    const found: unknown[] = []
    let page = await list(owner, { p_limit: 3 })
    for (; page.more; page = await list(owner, { p_limit: 3, p_after_version: page.version })) {
      expect(page.flags).toHaveLength(3)
      found.push(...page.flags)
    }
    found.push(...page.flags)
    expect(found).toEqual((await list()).flags)
  })

  test.each([
    [{ p_after_version: -1 }, 'invalid_version'],
    [{ p_after_version: null }, 'invalid_version'],
    [{ p_limit: 0 }, 'invalid_limit'],
    [{ p_limit: 1001 }, 'invalid_limit'],
    [{ p_limit: null }, 'invalid_limit'],
  ])('with %j is refused', async (args, code) => {
    expect(await refusal(owner, 'flag_list', args)).toMatchObject({ sqlstate: 'PT400', code })
  })
})

describe('changes that commit late', () => {
  test('a second writer waits for the first, so versions appear in order', async () => {
    await using first = await connect(server.url)
    await using second = await connect(server.url)
    const { version } = await list()
    await first.query('begin')
    await first.call('flag_set', { p_name: 'early', p_value: 'true' })
    await second.query('begin')
    const waiting = second.call('flag_set', { p_name: 'late', p_value: 'true' })
    await expect.poll(() => lockWaits()).toBe(1)
    expect(await list(owner, { p_after_version: version })).toMatchObject({ version, flags: [] })
    await first.query('commit')
    expect(await waiting).toMatchObject({ version: version + 2 })
    const seen = await list(owner, { p_after_version: version })
    expect(seen.flags).toMatchObject([{ name: 'early', version: version + 1 }])
    expect(seen.version).toBe(version + 1)
    await second.query('commit')
    expect((await list(owner, { p_after_version: seen.version })).flags).toMatchObject([{ name: 'late' }])
  })

  test('a writer that rolls back leaves no trace and no gap to wait for', async () => {
    await using first = await connect(server.url)
    const { version } = await list()
    await first.query('begin')
    await first.call('flag_set', { p_name: 'undone', p_value: 'true' })
    await first.query('rollback')
    expect(await list()).toMatchObject({ version, flags: [] })
    expect(await owner.call('flag_set', { p_name: 'a', p_value: 'true' })).toMatchObject({ version: version + 1 })
  })

  test('a writer that waits too long gets an error in time to try again', async () => {
    await using first = await connect(server.url)
    await first.query('begin')
    await first.call('flag_set', { p_name: 'a', p_value: 'true' })
    const startedAt = performance.now()
    await expect(owner.call('flag_set', { p_name: 'b', p_value: 'true' })).rejects.toMatchObject({ code: '55P03' })
    expect(performance.now() - startedAt).toBeLessThan(30_000)
    await first.query('rollback')
  })

  test('a reader that polls while twelve writers race misses nothing', async () => {
    const state = new Map<unknown, unknown>()
    let version = 0
    let writing = true
    await using reader = await connect(server.url)
    const read = async () => {
      const page = await list(reader, { p_after_version: version })
      for (const flag of page.flags) state.set(flag['name'], flag['value'])
      version = page.version
    }
    const reading = (async () => {
      while (writing) await read()
    })()
    const write = async (writer: number) => {
      await using client = await connect(server.url)
      for (let round = 0; round < 25; round++) {
        await client.query('begin')
        await client.call('flag_set', { p_name: `flag_${writer}`, p_value: String(round) })
        await pause(Math.random() * 3)
        await client.query(round % 5 === 4 ? 'rollback' : 'commit')
      }
    }
    await Promise.all(Array.from({ length: 12 }, (_, writer) => write(writer)))
    writing = false
    await reading
    await read()
    const truth = (await list()).flags.map(({ name, value }) => [name, value])
    expect(truth).toHaveLength(12)
    expect(new Map([...state].sort())).toEqual(new Map(truth.sort() as [unknown, unknown][]))
  })
})

test('a change is hinted at on core_flag, once it is committed', async () => {
  await using listener = await connect(server.url)
  await using writer = await connect(server.url)
  const hints: string[] = []
  await listener.listen('core_flag', (payload) => void hints.push(payload))
  await writer.query('begin')
  const { version } = await writer.call('flag_set', { p_name: 'a', p_value: 'true' })
  await pause(50)
  expect(hints).toEqual([])
  await writer.query('commit')
  await expect.poll(() => hints).toEqual([String(version)])
  await writer.call('flag_set', { p_name: 'a', p_value: 'true' })
  await pause(50)
  expect(hints).toHaveLength(1)
})

test('the formula of the roll-out is the same in SQL', async () => {
  const bits = `('x' || encode(substr(sha256(convert_to($1 || ':' || $2, 'UTF8')), 1, 4), 'hex'))::bit(32)`
  const sql = `select ${bits}::bigint % 10000 as bucket`
  for (const unit of ['user-1', '', 'Zoë 日本 🦊', ...Array.from({ length: 50 }, (_, index) => `job-${index}`)]) {
    const [row] = await owner.query(sql, ['router.enabled', unit])
    expect(Number(row?.['bucket'])).toBe(rolloutBucket('router.enabled', unit))
  }
})

async function lockWaits(): Promise<number> {
  const [row] = await owner.query(
    `select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock' and query like '%flag_set%'`,
  )
  return Number(row?.['waiting'])
}

/** Incompressible, so that its size in the database is its length. */
function randomText(length: number): string {
  return Array.from({ length }, () => Math.random().toString(36).charAt(2) || 'x').join('')
}
