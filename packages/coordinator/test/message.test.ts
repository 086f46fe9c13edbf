import type { JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** The functions of messages on a real server. Each test has projects of its own. */

let on: TestDatabase
let count = 0

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 12 })
})
afterAll(() => on.drop())

const register = async (): Promise<string> => {
  const p_name = `project${count++}`
  await on.database.rpc('project_register', { p_name })
  return p_name
}
type Args = Readonly<Record<string, JsonInput>>
interface Received {
  message: string
  delivery: string
  fence: number
  attempt: number
  from: string
  payload: unknown
}
const call = async (name: string, args: Args) => Object(await on.database.call(name, args))
const send = (from: string, to: string, more: Args = {}) =>
  call('message_send', { p_key: uuidv7(), p_to: to, p_type: 'note', p_project: from, ...more })
const receive = async (project: string, p_limit = 10, more: Args = {}): Promise<Received[]> =>
  (await call('message_receive', { p_limit, p_project: project, ...more })).messages
const one = async (project: string): Promise<Received> => {
  const [message] = await receive(project, 1)
  if (message === undefined) throw new Error(`nothing to receive for ${project}`)
  return message
}
const ack = (project: string, ...held: Pick<Received, 'delivery' | 'fence'>[]) =>
  call('message_ack', {
    p_deliveries: held.map(({ delivery }) => delivery),
    p_fences: held.map(({ fence }) => fence),
    p_project: project,
  })
const nack = (project: string, { delivery, fence }: Received, more: Args = {}) =>
  call('message_nack', { p_delivery: delivery, p_fence: fence, p_project: project, p_delay_ms: 0, ...more })
const extend = (project: string, { delivery, fence }: Received) =>
  call('message_extend', { p_deliveries: [delivery], p_fences: [fence], p_project: project })
const payloads = (messages: readonly Received[]) => messages.map(({ payload }) => payload)
/** As if its receiver had died long enough ago. */
const lose = ({ delivery }: Received) =>
  on.sql(`update core.message_delivery set leased_until = clock_timestamp() - interval '1 second' where id = $1`, [
    delivery,
  ])
/** As if what waits in an inbox had been sent earlier. */
const age = (project: string, seconds: number, priority: number) =>
  on.sql(
    `update core.message_delivery set sent_at = sent_at - make_interval(secs => $2) where recipient = $1 and priority = $3`,
    [project, seconds, priority],
  )

/** Shares a topic of the sender with them, to which they subscribe. */
async function subscribeAll(sender: string, recipients: readonly string[]): Promise<void> {
  for (const p_grantee of recipients) {
    const share = { p_kind: 'topic', p_name: 'all', p_grantee, p_rights: ['read'], p_project: sender }
    await on.database.rpc('share_set', share)
    await call('topic_subscribe', { p_topic: `topic:${sender}/all`, p_project: p_grantee })
  }
}

test('arrives once, with what was sent, and is gone when it is acknowledged', async () => {
  const [sender, recipient] = [await register(), await register()]
  const sent = await send(sender, recipient, { p_payload: { left: 3 }, p_priority: 'high' })
  expect(sent).toMatchObject({ ok: true, replayed: false, recipients: 1, skipped: 0 })
  const message = await one(recipient)
  expect(message).toMatchObject({
    message: sent.message,
    from: sender,
    to: recipient,
    type: 'note',
    payload: { left: 3 },
    priority: 'high',
    attempt: 1,
  })
  expect(await receive(recipient)).toEqual([])
  expect(await ack(recipient, message)).toEqual({ ok: true, acked: 1, lost: [] })
  expect(await ack(recipient, message)).toEqual({ ok: true, acked: 1, lost: [] })
  expect(await receive(recipient)).toEqual([])
  expect(await call('message_get', { p_message: sent.message, p_project: sender })).toMatchObject({
    deliveries: [{ recipient, status: 'acked', attempt: 1 }],
  })
})

test('sent again under its key it is there once; another message under the key is refused', async () => {
  const [sender, recipient] = [await register(), await register()]
  const first = await send(sender, recipient, { p_key: 'k' })
  expect(await send(sender, recipient, { p_key: 'k' })).toEqual({ ...first, replayed: true })
  await expect(send(sender, recipient, { p_key: 'k', p_payload: 2 })).rejects.toMatchObject({
    code: 'E_IDEMPOTENCY_MISMATCH',
  })
  const all = await Promise.all(Array.from({ length: 8 }, () => send(sender, recipient, { p_key: 'race' })))
  expect(new Set(all.map(({ message }) => message)).size).toBe(1)
  expect(await receive(recipient)).toHaveLength(2)
})

test('who lost a delivery cannot acknowledge, extend or give it back', async () => {
  const [sender, recipient] = [await register(), await register()]
  await send(sender, recipient)
  const frozen = await one(recipient)
  await lose(frozen)
  expect(await ack(recipient, frozen)).toMatchObject({ acked: 0, lost: [frozen.delivery] })
  const successor = await one(recipient)
  expect(successor).toMatchObject({ delivery: frozen.delivery, attempt: 2 })
  expect(successor.fence).toBeGreaterThan(frozen.fence)
  expect(await ack(recipient, frozen)).toMatchObject({ acked: 0 })
  expect(await extend(recipient, frozen)).toMatchObject({ held: 0, lost: [frozen.delivery] })
  expect(await nack(recipient, frozen)).toMatchObject({ ok: false, code: 'message_stale' })
  expect(await extend(recipient, successor)).toMatchObject({ held: 1, lost: [] })
  expect(await ack(recipient, successor)).toMatchObject({ acked: 1 })
  expect(await ack(recipient, frozen)).toMatchObject({ acked: 0 })
})

test('is a dead letter with its reason after its last attempt, when it is rejected, and when it expires', async () => {
  const [sender, recipient] = [await register(), await register()]
  const before = await call('message_totals', {})
  await send(sender, recipient, { p_payload: 'attempts', p_max_attempts: 2 })
  expect(await nack(recipient, await one(recipient), { p_error: 'first' })).toMatchObject({ status: 'ready' })
  expect(await nack(recipient, await one(recipient), { p_error: 'second' })).toMatchObject({ status: 'dead' })
  await send(sender, recipient, { p_payload: 'lost', p_max_attempts: 1 })
  await lose(await one(recipient))
  await send(sender, recipient, { p_payload: 'rejected' })
  expect(payloads(await receive(recipient))).toEqual(['rejected'])
  await on.sql(`update core.message_delivery set leased_until = clock_timestamp() where recipient = $1`, [recipient])
  await nack(recipient, await one(recipient), { p_outcome: 'dead', p_error: 'no such account' })
  await send(sender, recipient, { p_payload: 'expired', p_ttl_s: 60 })
  await on.sql(`update core.message_delivery set expires_at = clock_timestamp() where recipient = $1`, [recipient])
  expect(await receive(recipient)).toEqual([])
  const { messages } = await call('message_list', { p_box: 'dead', p_project: recipient })
  expect(messages).toMatchObject([
    { payload: 'expired', reason: 'expired', error: null },
    { payload: 'rejected', reason: 'rejected', error: 'no such account' },
    { payload: 'lost', reason: 'attempts', error: 'the receiver was lost' },
    { payload: 'attempts', reason: 'attempts', error: 'second' },
  ])
  const events = await on.sql(`select project, data from core.event where topic = 'message' and data ->> 'to' = $1`, [
    recipient,
  ])
  expect(events).toHaveLength(8)
  await on.sql(`delete from core.message_count where project = $1`, [recipient]) // counted at most once a second
  expect(await call('message_stats', { p_project: recipient })).toMatchObject({ dead: 4 })
  expect(await call('message_totals', {})).toMatchObject({
    dead_attempts: before.dead_attempts + 2,
    dead_expired: before.dead_expired + 1,
    dead_rejected: before.dead_rejected + 1,
  })
  const [{ delivery }] = messages
  expect(await call('message_retry', { p_delivery: delivery, p_project: recipient })).toMatchObject({ retried: true })
  expect(await call('message_retry', { p_delivery: delivery, p_project: recipient })).toMatchObject({ retried: false })
  expect(payloads(await receive(recipient))).toEqual(['expired'])
})

test.each(['which nothing has analysed', 'which were analysed'])(
  'what is said of one delivery, also late or again, reads no more in tables %s, however much there is',
  async (tables) => {
    const [sender, recipient, full] = [await register(), await register(), await register()]
    const client = await on.connect()
    await client.query('begin')
    await client.query(
      `insert into core.message (project, key, addressee, type, payload, priority, is_ordered, awaits_reply, max_attempts, ttl_s, has_deliveries)
     select $1, 'm' || n, $2, 'note', '{}', 2, false, false, 5, 600000, true from generate_series(1, 6000) n`,
      [sender, recipient],
    )
    await client.query(
      `insert into core.message_delivery (message, recipient, sender, state, priority, turn, is_ordered, attempt, max_attempts, fence, leased_until, sent_at, expires_at)
     select m.id, $2, $1, 'leased', 2, n, false, 1, 5, n, clock_timestamp() + interval '1 hour', clock_timestamp(), clock_timestamp() + interval '1 day'
     from (select id, substr(key, 2)::int as n from core.message where project = $1) m where n <= 3000`,
      [sender, recipient],
    )
    await client.query(
      `insert into core.message_delivery (message, recipient, sender, state, priority, turn, is_ordered, attempt, max_attempts, sent_at, expires_at)
     select m.id, $2, $1, 'ready', 2, n, n % 2 = 0, 0, 5, clock_timestamp(), clock_timestamp() + interval '1 day'
     from (select id, substr(key, 2)::int as n from core.message where project = $1) m where n > 3000`,
      [sender, full],
    )
    await client.query(
      `insert into core.message_done (id, message, recipient, sender, status, reason, priority, is_ordered, attempt, max_attempts, fence, sent_at)
     select core.new_id(), m.id, $2, $1, case when n % 2 = 0 then 'acked' else 'dead' end, case when n % 2 = 1 then 'expired' end, 2, false, 1, 5, n, clock_timestamp()
     from (select id, substr(key, 2)::int as n from core.message where project = $1) m where n > 3000`,
      [sender, recipient],
    )
    if (tables === 'which were analysed')
      await client.query('analyze core.message, core.message_delivery, core.message_done')
    await client.query('select core_api.message_stats($1)', [recipient]) // the count of 15 seconds
    const {
      rows: [rows],
    } = await client.query(
      `select (select array_agg(id) from (select id from core.message_delivery where recipient = $1 order by fence limit 40) d) as open,
      (select array_agg(message) from (select message from core.message_delivery where recipient = $1 order by fence limit 40) d) as messages,
      (select array_agg(id) from (select id from core.message_done where recipient = $1 order by fence limit 40) d) as ended`,
      [recipient],
    )
    const [open, messages, ended] = [Object(rows?.['open']), Object(rows?.['messages']), Object(rows?.['ended'])]
    const held = (id: string, fence: number) => `array['${id}']::uuid[], array[${fence}]::bigint[]`
    const asks: Record<string, (at: number) => string> = {
      look: () => `coordinator_waiting(true, '{}', '${recipient}')`,
      'look at what has nothing': () => `coordinator_waiting(true, '{}', '${sender}')`,
      'receive nothing': () => `message_receive(1, 30, null, '${sender}')`,
      'ack late': (at) => `message_ack(${held(open[at], 999_999)}, '${recipient}')`,
      'ack again': (at) => `message_ack(${held(ended[2 * at + 1], 3002 + 2 * at)}, '${recipient}')`,
      ack: (at) => `message_ack(${held(open[at], at + 1)}, '${recipient}')`,
      extend: (at) => `message_extend(${held(open[at + 10], at + 11)}, 30, '${recipient}')`,
      nack: (at) => `message_nack('${open[at + 10]}', ${at + 11}, 'no', 'retry', 1000, '${recipient}')`,
      dead: (at) => `message_nack('${open[at + 20]}', ${at + 21}, 'no', 'dead', null, '${recipient}')`,
      retry: (at) => `message_retry('${ended[2 * at]}', '${recipient}')`,
      get: (at) => `message_get('${messages[at + 30]}', '${sender}')`,
      'get what was sent here': (at) => `message_get('${messages[at + 30]}', '${recipient}')`,
      reply: (at) =>
        `message_send('r${at}', 'reply', p_reply_to => '${messages[at + 30]}', p_project => '${recipient}')`,
      send: (at) => `message_send('s${at}', 'note', '${recipient}', p_project => '${sender}')`,
      'send again': (at) => `message_send('s${at}', 'note', '${recipient}', p_project => '${sender}')`,
      'send in order': (at) =>
        `message_send('o${at}', 'note', '${recipient}', p_ordered => true, p_project => '${sender}')`,
      receive: () => `message_receive(1, 30, null, '${recipient}')`,
    }
    const read = async () => {
      const { rows: counted } =
        await client.query(`select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as n
      from pg_stat_xact_user_tables where schemaname = 'core' and relname in ('message', 'message_delivery', 'message_done')`)
      return Number(counted[0].n)
    }
    const most: [string, number][] = []
    for (const [name, ask] of Object.entries(asks)) {
      const before = await read()
      for (let at = 0; at < 8; at++) await client.query(`select core_api.${ask(at)}`)
      most.push([name, Math.round(((await read()) - before) / 8)])
    }
    await client.query('rollback')
    expect(most.filter(([, rowsRead]) => rowsRead > 30)).toEqual([])
  },
)

test('given back without a fault, its attempt is not counted; given back to wait, it waits', async () => {
  const [sender, recipient] = [await register(), await register()]
  await send(sender, recipient)
  expect(await nack(recipient, await one(recipient), { p_outcome: 'release' })).toMatchObject({ status: 'ready' })
  const again = await one(recipient)
  expect(again.attempt).toBe(1)
  expect(await nack(recipient, again, { p_delay_ms: 60_000 })).toMatchObject({ status: 'delayed' })
  expect(await receive(recipient)).toEqual([])
  await on.sql(`update core.message_delivery set due_at = clock_timestamp() where recipient = $1`, [recipient])
  expect(await one(recipient)).toMatchObject({ attempt: 2 })
})

describe('in an inbox', () => {
  test('messages of a sender and a priority arrive in the order of their sending', async () => {
    const [sender, recipient] = [await register(), await register()]
    for (let at = 0; at < 20; at++) await send(sender, recipient, { p_payload: at })
    const seen: unknown[] = []
    for (let some = await receive(recipient, 3); some.length > 0; some = await receive(recipient, 3)) {
      seen.push(...payloads(some))
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, at) => at))
  })

  test('higher priorities come first, and a minute of waiting raises a message by one', async () => {
    const [sender, recipient] = [await register(), await register()]
    for (const p_priority of ['low', 'normal', 'high', 'critical']) {
      await send(sender, recipient, { p_payload: p_priority, p_priority })
    }
    await send(sender, recipient, { p_payload: 'second low', p_priority: 'low' })
    await age(recipient, 130, 3)
    expect(payloads(await receive(recipient, 2))).toEqual(['critical', 'low'])
    expect(payloads(await receive(recipient))).toEqual(['high', 'second low', 'normal'])
  })

  test('nothing starves: under a stream of critical messages a low one arrives within its four minutes', async () => {
    const [sender, other, recipient] = [await register(), await register(), await register()]
    await send(other, recipient, { p_payload: 'low', p_priority: 'low' })
    let arrivedAfterS: number | undefined
    for (let second = 0; second < 240 && arrivedAfterS === undefined; second += 20) {
      for (let at = 0; at < 3; at++) await send(sender, recipient, { p_priority: 'critical' })
      const received = await receive(recipient, 2)
      if (payloads(received).includes('low')) arrivedAfterS = second
      await ack(recipient, ...received)
      for (const priority of [0, 3]) await age(recipient, 20, priority)
    }
    expect(arrivedAfterS).toBeGreaterThanOrEqual(120)
    expect(arrivedAfterS).toBeLessThanOrEqual(220)
  })

  test('senders take turns, so that a flood delays the one who floods', async () => {
    const [flooder, polite, recipient] = [await register(), await register(), await register()]
    for (let at = 0; at < 60; at++) await send(flooder, recipient, { p_payload: `flood ${at}` })
    await age(recipient, 600, 2)
    await ack(recipient, ...(await receive(recipient, 10)))
    for (let at = 0; at < 3; at++) await send(polite, recipient, { p_payload: `polite ${at}` })
    await age(recipient, 600, 2)
    const next = payloads(await receive(recipient, 8))
    expect(next.filter((payload) => String(payload).startsWith('polite'))).toEqual(['polite 0', 'polite 1', 'polite 2'])
    expect(next.slice(0, 2)).toContain('polite 0')
  })

  test('ordered messages of a sender come one after the other, however many receive', async () => {
    const [sender, recipient] = [await register(), await register()]
    for (let at = 0; at < 3; at++) await send(sender, recipient, { p_payload: at, p_ordered: true })
    await send(sender, recipient, { p_payload: 'free' })
    const first = await receive(recipient)
    expect(payloads(first)).toEqual([0, 'free'])
    expect(await receive(recipient)).toEqual([])
    const [head] = first
    if (head === undefined) throw new Error('nothing was received')
    await nack(recipient, head)
    expect(payloads(await receive(recipient))).toEqual([0])
    await lose(head)
    const again = await one(recipient)
    await ack(recipient, again)
    const second = await one(recipient)
    expect(second.payload).toBe(1)
    await nack(recipient, second, { p_outcome: 'dead' })
    expect((await one(recipient)).payload).toBe(2)
  })

  test('eight receivers at once get each message once', async () => {
    const [sender, recipient] = [await register(), await register()]
    await Promise.all(Array.from({ length: 200 }, (_, at) => send(sender, recipient, { p_payload: at })))
    const seen: unknown[] = []
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let empty = 0; empty < 3; ) {
          const some = await receive(recipient, 7)
          if (some.length === 0) empty++
          else await ack(recipient, ...some)
          seen.push(...payloads(some))
        }
      }),
    )
    expect(seen.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 200 }, (_, at) => at))
  })
})

describe('for many', () => {
  test('a broadcast reaches every other project once, also when it is sent again', async () => {
    const [sender, archived] = [await register(), await register()]
    const others = await Promise.all(Array.from({ length: 5 }, register))
    await on.database.rpc('project_archive', { p_name: archived })
    const first = await send(sender, '*', { p_key: 'all', p_type: 'broadcast' })
    expect(await send(sender, '*', { p_key: 'all', p_type: 'broadcast' })).toEqual({ ...first, replayed: true })
    const rows = await on.sql(`select recipient from core.message_delivery where message = $1`, [first.message])
    const reached = rows.map(({ recipient }) => recipient)
    expect(reached).toEqual(expect.arrayContaining(others))
    expect(reached).not.toContain(sender)
    expect(reached).not.toContain(archived)
    expect(new Set(reached).size).toBe(first.recipients)
    expect(rows).toHaveLength(first.recipients)
  })

  test('a broadcast reaches each project once while others come and go and receivers lose what they hold', async () => {
    const sender = await register()
    const staying = await Promise.all(Array.from({ length: 3 }, register))
    const leaving = await Promise.all(Array.from({ length: 2 }, register))
    const coming: string[] = []
    const keys = Array.from({ length: 12 }, (_, at) => `news ${at}`)
    const [sent] = await Promise.all([
      // Each key by two at once, as by a sender that has lost the answer.
      Promise.all(keys.flatMap((p_key) => [p_key, p_key]).map((p_key) => send(sender, '*', { p_key }))),
      Promise.all(leaving.map((p_name) => on.database.rpc('project_archive', { p_name }))),
      (async () => {
        for (let at = 0; at < 3; at++) coming.push(await register())
      })(),
    ])
    expect(new Set(sent.map(({ message }) => message)).size).toBe(keys.length)
    expect(sent.filter(({ replayed }) => !replayed)).toHaveLength(keys.length)
    const ends = new Map<string, number>()
    const takeAll = async (project: string) => {
      for (let rounds = 0; rounds < 50; rounds++) {
        const held = await receive(project, 5)
        if (held.length === 0) return
        for (const [at, each] of held.entries()) {
          // At the first time every second is lost, and so is what its receiver says afterwards.
          if (each.attempt === 1 && at % 2 === 0) await lose(each)
          const { lost } = await ack(project, each)
          if (lost.length === 0)
            ends.set(`${each.message} ${project}`, (ends.get(`${each.message} ${project}`) ?? 0) + 1)
        }
      }
    }
    await Promise.all([...staying, ...staying, ...coming].map(takeAll))
    for (const project of staying) for (const { message } of sent) expect(ends.get(`${message} ${project}`)).toBe(1)
    for (const project of [sender, ...leaving, ...coming]) {
      for (const { message } of sent) expect(ends.get(`${message} ${project}`) ?? 1).toBe(1)
    }
    const rows = await on.sql(
      `select count(*)::int as rows, count(distinct (message, recipient))::int as pairs from (
        select message, recipient from core.message_delivery union all select message, recipient from core.message_done) d where message = any ($1::uuid[])`,
      [[...new Set(sent.map(({ message }) => String(message)))]],
    )
    expect(rows[0]?.['rows']).toBe(rows[0]?.['pairs'])
  })

  test('a topic reaches its subscribers; another project’s has to be shared, to subscribe and to publish', async () => {
    const [owner, guest, stranger] = [await register(), await register(), await register()]
    const subscribe = (project: string, p_topic: string) => call('topic_subscribe', { p_topic, p_project: project })
    const as = (project: string, name: string, args: Args) =>
      on.database.call(name, args, {
        claims: { role: 'core_member', project, caps: ['message:send', 'message:receive'], sub: 'key:test' },
      })
    expect(await subscribe(owner, 'topic:news')).toMatchObject({ owner, topic: 'news' })
    const theirs = { p_topic: `topic:${owner}/news` }
    await expect(as(guest, 'topic_subscribe', theirs)).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
    const share = { p_kind: 'topic', p_name: 'news', p_grantee: guest, p_project: owner }
    await on.database.rpc('share_set', { ...share, p_rights: ['read'] })
    expect(await as(guest, 'topic_subscribe', theirs)).toMatchObject({ owner })
    const publish = { p_key: uuidv7(), p_to: `topic:${owner}/news`, p_type: 'item' }
    await expect(as(guest, 'message_send', publish)).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
    await expect(as(stranger, 'message_send', publish)).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
    expect(await send(owner, 'topic:news')).toMatchObject({ recipients: 2 })
    expect(await receive(guest)).toHaveLength(1)
    await on.database.rpc('share_remove', { p_kind: 'topic', p_name: 'news', p_grantee: guest, p_project: owner })
    expect(await send(owner, 'topic:news')).toMatchObject({ recipients: 1 })
    expect(await call('topic_unsubscribe', { p_topic: 'topic:news', p_project: owner })).toMatchObject({
      removed: true,
    })
    expect(await call('topic_unsubscribe', { p_topic: 'topic:news', p_project: owner })).toMatchObject({
      removed: false,
    })
    expect(await call('topic_list', { p_project: guest })).toMatchObject({ topics: [{ owner, topic: 'news' }] })
    expect(await send(owner, 'topic:unheard')).toMatchObject({ recipients: 0 })
  })
})

describe('a request', () => {
  const ask = (from: string, to: string, more: Args = {}) => send(from, to, { p_await: true, p_ttl_s: 60, ...more })
  const answer = (from: string, p_reply_to: string, p_payload: JsonInput) =>
    call('message_send', { p_key: uuidv7(), p_to: null, p_type: 'answer', p_payload, p_reply_to, p_project: from })
  const replyOf = (project: string, p_message: string) => call('message_reply', { p_message, p_project: project })

  test('is answered once, to the one who asked and not into its inbox', async () => {
    const [asker, replier] = [await register(), await register()]
    const { message } = await ask(asker, replier)
    expect(await replyOf(asker, message)).toMatchObject({ status: 'waiting', reply: null })
    expect(await one(replier)).toMatchObject({ message, awaits_reply: true })
    expect(await answer(replier, message, 42)).toMatchObject({ ok: true, recipients: 1 })
    expect(await answer(replier, message, 43)).toMatchObject({ ok: false, code: 'reply_given' })
    expect(await replyOf(asker, message)).toMatchObject({ status: 'replied', reply: { payload: 42, from: replier } })
    expect(await receive(asker)).toEqual([])
  })

  test('has a deadline, after which no reply counts', async () => {
    const [asker, replier] = [await register(), await register()]
    const { message } = await ask(asker, replier)
    await one(replier)
    await on.sql(`update core.message set sent_at = sent_at - interval '61 seconds' where id = $1`, [message])
    expect(await answer(replier, message, 1)).toMatchObject({ ok: false, code: 'reply_late' })
    expect(await replyOf(asker, message)).toMatchObject({ status: 'late', reply: null })
  })

  test('that is rejected says so to the one who asked', async () => {
    const [asker, replier] = [await register(), await register()]
    const { message } = await ask(asker, replier)
    await nack(replier, await one(replier), { p_outcome: 'dead', p_error: 'cannot' })
    expect(await replyOf(asker, message)).toMatchObject({ status: 'dead', error: 'cannot' })
  })

  test('is answered only by whom it was sent to; a reply that is not awaited goes into the inbox', async () => {
    const [asker, replier, third] = [await register(), await register(), await register()]
    const { message } = await ask(asker, replier)
    await expect(answer(third, message, 1)).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
    await expect(replyOf(third, message)).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
    const { message: plain } = await send(asker, replier)
    await answer(replier, plain, 'thanks')
    expect(await one(asker)).toMatchObject({ payload: 'thanks', reply_to: plain })
  })
})

test('is bounded: 64 KB, 100 open critical messages of a sender, 100,000 open ones of an inbox', async () => {
  const [sender, recipient, full] = [await register(), await register(), await register()]
  await expect(send(sender, recipient, { p_payload: 'x'.repeat(65_535) })).rejects.toMatchObject({
    code: 'E_TOO_LARGE',
  })
  const critical = await Promise.all(
    Array.from({ length: 110 }, () => send(sender, recipient, { p_priority: 'critical' })),
  )
  expect(critical.filter(({ ok }) => ok)).toHaveLength(100)
  expect(critical.find(({ ok }) => !ok)).toMatchObject({ code: 'bound_reached', limit: 100 })
  await on.sql(
    `insert into core.message_count (project, ready, delayed, waiting, leased, dead, counted_at) values ($1, 100000, 0, 0, 0, 0, clock_timestamp())`,
    [full],
  )
  expect(await send(sender, full, { p_key: 'full' })).toMatchObject({
    ok: false,
    code: 'bound_reached',
    limit: 100_000,
  })
  for (const project of [recipient, full]) {
    await call('topic_subscribe', { p_topic: 'topic:all', p_project: project })
  }
  await subscribeAll(sender, [recipient, full])
  expect(await send(sender, 'topic:all')).toMatchObject({ ok: true, recipients: 1, skipped: 1 })
  await on.sql(`delete from core.message_count where project = $1`, [full])
  expect(await send(sender, full, { p_key: 'full' })).toMatchObject({ ok: true, replayed: false })
})

test('is forgotten when its retention is over, and not before its last delivery has ended', async () => {
  const [sender, recipient] = [await register(), await register()]
  const { message: acked } = await send(sender, recipient)
  await ack(recipient, await one(recipient))
  const { message: open } = await send(sender, recipient)
  const { message: unheard } = await send(sender, 'topic:void', { p_ttl_s: 60 })
  const sweep = () => on.database.rpc('message_sweep', { p_keep: '1 minute' })
  const known = async () => {
    const ids = [acked, open, unheard]
    const rows = await on.sql(`select id from core.message where id = any ($1::uuid[])`, [ids])
    return rows.map(({ id }) => id)
  }
  await sweep()
  expect(new Set(await known())).toEqual(new Set([acked, open, unheard]))
  await on.sql(`update core.message_done set ended_at = ended_at - interval '1 hour'`)
  await on.sql(`update core.message set sent_at = sent_at - interval '1 hour'`)
  await sweep()
  expect(await known()).toEqual([open])
})

test('a sweep counts what it deletes, of messages to many as well: a whole page says that there may be more', async () => {
  const sender = await register()
  const recipients = [await register(), await register(), await register()]
  await subscribeAll(sender, recipients)
  for (let at = 0; at < 2; at++) {
    expect(await send(sender, 'topic:all')).toMatchObject({ recipients: 3 })
    for (const project of recipients) await ack(project, await one(project))
  }
  await on.sql(`update core.message_done set ended_at = ended_at - interval '2 hours' where recipient = any ($1)`, [
    recipients,
  ])
  const sweep = () => call('message_sweep', { p_keep: '1 hour', p_limit: 3 })
  expect([await sweep(), await sweep(), await sweep()]).toMatchObject([{ swept: 3 }, { swept: 3 }, { swept: 0 }])
})

test('the history of a project is listed by box, type and sibling, page by page', async () => {
  const [sender, other, recipient] = [await register(), await register(), await register()]
  for (let at = 0; at < 5; at++) await send(sender, recipient, { p_payload: at, p_type: 'a' })
  await send(other, recipient, { p_type: 'b' })
  const list = (more: Args) => call('message_list', { p_project: recipient, ...more })
  const first = await list({ p_type: 'a', p_limit: 3 })
  expect(payloads(first.messages)).toEqual([4, 3, 2])
  const second = await list({ p_type: 'a', p_limit: 3, p_before: first.next })
  expect(payloads(second.messages)).toEqual([1, 0])
  expect(second.next).toBeNull()
  expect((await list({ p_with: other })).messages).toMatchObject([{ type: 'b', from: other }])
  expect((await call('message_list', { p_box: 'sent', p_project: sender })).messages).toHaveLength(5)
  await on.sql(`delete from core.message_count where project = $1`, [recipient])
  expect(await call('message_stats', { p_project: recipient })).toMatchObject({ ready: 6, leased: 0, dead: 0 })
})
