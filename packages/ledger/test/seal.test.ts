import { createTestDatabase, type TestDatabase, untilFinal } from '@core/database/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'

const verdict = z.object({
  valid: z.boolean(),
  blocks: z.number(),
  head: z.string().nullish(),
  bad_block: z.object({ id: z.number(), fault: z.string() }).optional(),
})

let test: TestDatabase
let keys = 0
const key = () => `key ${++keys}`
const verify = async (from = 0) => verdict.parse(await test.database.rpc('ledger_verify', { p_from: from }))
const sealNow = () => test.database.rpc('ledger_seal', {})
const seal = async () => {
  await untilFinal(test)
  return sealNow()
}
const charge = (amount: number) =>
  test.database.rpc('ledger_charge', { p_key: key(), p_account: 'a', p_amount: amount })

/** As the server's owner could: triggers off, a change, triggers on. */
async function tamper(statement: string): Promise<void> {
  await test.sql(`set session_replication_role = replica; ${statement}; set session_replication_role = origin`)
}

beforeEach(async () => {
  test = await createTestDatabase()
  await test.database.rpc('ledger_account_open', { p_key: key(), p_account: 'a' })
  await test.database.rpc('ledger_grant', { p_key: key(), p_account: 'a', p_amount: 1_000 })
})
afterEach(() => test.drop())

it('seals what is final, in a chain that verifies', async () => {
  expect(await seal()).toMatchObject({ sealed: 2, last_tx: 2 })
  await charge(10)
  expect(await seal()).toMatchObject({ sealed: 1 })
  expect(await seal()).toMatchObject({ sealed: 0 })
  expect(await verify()).toMatchObject({ valid: true, blocks: 2 })
})

it.each([
  ['an amount in the journal', 'update core.ledger_tx set amount = 1 where id = 2'],
  ['an entry', 'update core.ledger_entry set amount = 1 where tx_id = 2 and account_id >= 100'],
  ['an answer', `update core.ledger_tx set result = result || '{"available": 7}' where id = 2`],
  ['a time', `update core.ledger_tx set created_at = created_at - interval '1 microsecond' where id = 2`],
  ['a row that is gone', 'delete from core.ledger_tx where id = 2'],
  ['an entry that is gone', 'delete from core.ledger_entry where tx_id = 2'],
])('names the block after a change of %s', async (_what, statement) => {
  await seal()
  await charge(10)
  await seal()
  await tamper(statement)
  expect(await verify()).toMatchObject({ valid: false, blocks: 0, bad_block: { id: 1 } })
  // The blocks after it still fit: the fault is where it is.
  expect(await verify(2)).toMatchObject({ valid: true, blocks: 1 })
})

it('a block rewritten with its rows breaks the link of the next one', async () => {
  await seal()
  await charge(10)
  await seal()
  await tamper(`update core.ledger_tx set amount = 1 where id = 2;
    update core.ledger_seal set hash = (core.ledger_fold(previous, from_xid, to_xid)).hash where id = 1`)
  expect(await verify()).toMatchObject({
    valid: false,
    bad_block: { id: 2, fault: 'its link to the block before is broken' },
  })
})

it('a block that was taken out is missed', async () => {
  await seal()
  await charge(10)
  await seal()
  await charge(10)
  await seal()
  await tamper('delete from core.ledger_seal where id = 2')
  expect(await verify()).toMatchObject({ valid: false, bad_block: { id: 3 } })
})

it('the journal, its entries, alerts and seals refuse to be rewritten', async () => {
  await seal()
  for (const table of ['ledger_tx', 'ledger_entry', 'ledger_alert', 'ledger_seal']) {
    await expect(test.sql(`delete from core.${table}`)).rejects.toMatchObject({ code: 'PT403' })
    await expect(test.sql(`truncate core.${table} cascade`)).rejects.toMatchObject({ code: 'PT403' })
  }
  await expect(test.sql('update core.ledger_tx set amount = amount')).rejects.toMatchObject({ code: 'PT403' })
})

it('a row is sealed only when no older transaction can still add one', async () => {
  await untilFinal(test)
  const slow = await test.connect()
  await slow.query('begin')
  await slow.query(`select core_api.ledger_charge('slow', 'a', 5)`) // takes its ids, and stays open
  await test.database.rpc('ledger_account_open', { p_key: key(), p_account: 'b' }) // younger, committed
  expect(await sealNow()).toMatchObject({ sealed: 2 })
  await slow.query('commit')
  expect(await seal()).toMatchObject({ sealed: 2 })
  expect(await verify()).toMatchObject({ valid: true })
})

it('ten sealers at once make one chain', async () => {
  for (let index = 0; index < 20; index++) await charge(1)
  await Promise.all(Array.from({ length: 10 }, seal))
  await seal()
  expect(await verify()).toMatchObject({ valid: true })
  const rows = await test.sql(
    'select sum(tx_count)::int as sealed, (select count(*)::int from core.ledger_tx) as rows from core.ledger_seal',
  )
  expect(rows[0]?.['sealed']).toBe(rows[0]?.['rows'])
})

it('a large backlog is sealed in blocks that end with whole transactions', async () => {
  await test.sql(`select core_api.ledger_batch((select jsonb_agg(jsonb_build_object('op', 'charge', 'key', 'c' || b || '-' || i,
    'account', 'a', 'amount', 1)) from generate_series(1, 50) i)) from generate_series(1, 4) b`)
  let sealed = 0
  await untilFinal(test)
  for (;;) {
    const answer = z.object({ sealed: z.number() }).parse(await test.database.rpc('ledger_seal', { p_limit: 60 }))
    if (answer.sealed === 0) break
    sealed += answer.sealed
  }
  expect(sealed).toBe(202)
  expect(await verify()).toMatchObject({ valid: true })
})

it('a block is bounded by bytes as well, and rows of any size are sealed', async () => {
  await seal()
  const account = (await test.sql(`select id from core.ledger_account where code = 'a'`))[0]?.['id']
  for (let row = 1; row <= 12; row++) {
    await test.sql(
      `insert into core.ledger_tx (id, xid, project, key, op, account_id, purse_id, version, settled, held, available, request, actor, created_at)
       values (nextval('core.journal_id'), core.xid(), 'a', $1, 'charge', $2, $2, 0, 0, 0, 0,
         jsonb_build_object('fat', repeat(E'\\u0001', 700000)), 'test', clock_timestamp())`,
      [`fat ${row}`, account],
    )
  }
  expect(await seal()).toMatchObject({ sealed: 8 }) // 32 MB, of 4.2 MB each
  expect(await seal()).toMatchObject({ sealed: 4 })
  expect(await verify()).toMatchObject({ valid: true, blocks: 3 })
})

it('the head hash goes to the outbox, to be kept elsewhere', async () => {
  const sealed = z.object({ hash: z.string() }).parse(await seal())
  const { events } = z
    .object({ events: z.array(z.object({ topic: z.string(), data: z.record(z.string(), z.unknown()) })) })
    .parse(await test.database.rpc('event_poll', { p_after: 0 }))
  expect(events.find(({ topic }) => topic === 'ledger.seal')?.data['hash']).toBe(sealed.hash)
  expect((await verify()).head).toBe(sealed.hash)
})
