import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../src/testing/index.ts'

const page = z.object({
  epoch: z.string(),
  head: z.number(),
  oldest: z.number(),
  events: z.array(
    z.object({ seq: z.number(), topic: z.string(), type: z.string(), data: z.record(z.string(), z.unknown()) }),
  ),
})

let test: TestDatabase
beforeEach(async () => {
  test = await createTestDatabase()
})
afterEach(() => test.drop())

const poll = async (after: number, args: { p_limit?: number; p_topics?: string[] } = {}) =>
  page.parse(await test.database.rpc('event_poll', { p_after: after, ...args }))
const emit = (number: number, topic = 'test', project: string | null = null) =>
  test.sql('select core.emit($1, $2, $3, $4)', [topic, project, 'counted', { number }])
const numbers = ({ events }: z.infer<typeof page>) => events.map(({ data }) => data['number'])

it('events are replayed in order after a cursor', async () => {
  for (const number of [1, 2, 3]) await emit(number)
  const first = await poll(0, { p_limit: 2 })
  expect(numbers(first)).toEqual([1, 2])
  expect(numbers(await poll(first.events.at(-1)?.seq ?? 0))).toEqual([3])
  expect((await poll(-1)).events).toEqual([])
})

it('an event committed late is not missed by a cursor that is further on', async () => {
  const slow = await test.connect()
  await slow.query('begin')
  await slow.query(`select core.emit('test', null, 'counted', '{"number": 1}')`)
  await emit(2)
  const before = await poll(0)
  expect(numbers(before)).toEqual([2])
  await slow.query('commit')
  expect(numbers(await poll(before.head))).toEqual([1])
})

it('many writers and many readers: each reader sees every event once', async () => {
  const readers = Array.from({ length: 4 }, async () => {
    const seen: unknown[] = []
    let after = 0
    while (seen.length < 200) {
      const { events } = await poll(after)
      seen.push(...events.map(({ data }) => data['number']))
      after = events.at(-1)?.seq ?? after
    }
    return seen
  })
  const writers = await Promise.all(Array.from({ length: 4 }, () => test.connect()))
  await Promise.all(
    writers.map(async (writer, part) => {
      for (let index = 0; index < 50; index++) {
        await writer.query('select core.emit($1, null, $2, $3)', ['test', 'counted', { number: part * 50 + index }])
      }
    }),
  )
  const all = Array.from({ length: 200 }, (_, index) => index)
  for (const seen of await Promise.all(readers)) expect([...seen].sort((a, b) => Number(a) - Number(b))).toEqual(all)
})

it('a member hears its project and what concerns all', async () => {
  await emit(1, 'test', 'smart_layer')
  await emit(2, 'test', 'manus_origin')
  await emit(3)
  await test.database.rpc('project_register', { p_name: 'smart_layer' })
  const claims = { role: 'core_member', project: 'smart_layer', caps: ['event:read'], sub: 'key' } as const
  expect(numbers(page.parse(await test.database.rpc('event_poll', { p_after: 0 }, { claims })))).toEqual([1, 3])
})

it('trimming forgets the old, and a reader that was away learns where the kept ones begin', async () => {
  for (const number of [1, 2, 3]) await emit(number)
  await poll(0)
  await test.sql(`update core.event set at = at - interval '8 days' where seq < 3`)
  expect(await test.database.rpc('event_trim', {})).toMatchObject({ trimmed: 2 })
  expect(await poll(0)).toMatchObject({ oldest: 3, head: 3 })
})

it('a topic filter does not hold the cursor back', async () => {
  await emit(1, 'one')
  await emit(2, 'two')
  expect(numbers(await poll(0, { p_topics: ['two'] }))).toEqual([2])
})

it('the end lies behind every event committed before, also while another process numbers them', async () => {
  for (const number of [1, 2, 3]) await emit(number)
  const numbering = await test.connect()
  await numbering.query('begin')
  await numbering.query('select core.event_number(1000)')
  const end = poll(-1)
  const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  await expect.poll(async () => (await test.sql(waiting)).length).toBe(1)
  await numbering.query('commit')
  const { head } = await end
  await emit(4)
  expect(numbers(await poll(head))).toEqual([4])
})
