import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { silentLogger, uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAlertSender } from '../src/nouns/message/send-alerts.ts'

let on: TestDatabase
const { signal } = new AbortController()
const project = 'alerted'

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 4 })
  for (const p_name of [project, 'restored', 'poisoner', 'patient'])
    await on.database.rpc('project_register', { p_name })
  for (const p_account of [project, 'restored', 'poisoner', 'patient', 'outside']) {
    await on.database.rpc('ledger_account_open', { p_key: uuidv7(), p_account }).catch(() => undefined)
    await on.database.rpc('ledger_grant', { p_key: uuidv7(), p_account, p_amount: 1_000 })
    await on.database.rpc('ledger_budget_set', {
      p_key: uuidv7(),
      p_account,
      p_name: 'all',
      p_period: 'total',
      p_limit: 100,
    })
  }
})
afterAll(() => on.drop())

const charge = (p_account: string, p_amount: number) =>
  on.database.rpc('ledger_charge', { p_key: uuidv7(), p_account, p_amount })
const inbox = async (): Promise<{ type: string; payload: object; message: string }[]> => {
  const { messages } = Object(
    await on.database.rpc('message_receive', { p_project: project, p_limit: 100, p_visible_s: 3 }),
  )
  return messages
}
async function until(wanted: number, send: () => Promise<number>): Promise<void> {
  let sent = 0
  for (let tries = 0; tries < 400 && sent < wanted; tries++) {
    sent += await send()
    if (sent < wanted) await new Promise((resolve) => setTimeout(resolve, 25))
  }
  expect(sent).toBe(wanted)
}

test('an alert of the ledger is one message to its project, however many control planes send it', async () => {
  await charge(project, 85)
  await charge('outside', 85)
  const senders = Array.from({ length: 3 }, () => createAlertSender(on.database, silentLogger))
  const sendAll = async () => {
    const sent = await Promise.all(senders.map((send) => send(signal)))
    return sent.reduce((sum, each) => sum + each, 0)
  }
  const alerts = Number(
    (await on.sql(`select count(*) from core.ledger_alert where project = $1`, [project]))[0]?.['count'],
  )
  expect(alerts).toBeGreaterThan(0)
  await until(alerts, sendAll)
  const first = await inbox()
  expect(first).toHaveLength(alerts)
  expect(first[0]).toMatchObject({ type: 'credits.low', payload: { alert: expect.any(Number), account: project } })

  // Another crossing is another message; a process that starts sends nothing again.
  await charge(project, 15)
  const later = Number(
    (await on.sql(`select count(*) from core.ledger_alert where project = $1`, [project]))[0]?.['count'],
  )
  expect(later).toBeGreaterThan(alerts)
  await until(later - alerts, sendAll)
  expect(await createAlertSender(on.database, silentLogger)(signal)).toBe(0)
})

test('an alert that cannot be sent, because its project has used the key for a message of its own, holds up no other', async () => {
  const next = Number((await on.sql('select coalesce(max(id), 0) + 1 as next from core.ledger_alert'))[0]?.['next'])
  for (let alert = next; alert < next + 10; alert++) {
    const p_key = `ledger.alert:${alert}`
    const taken = { p_key, p_type: 'mine', p_to: 'patient', p_payload: {}, p_project: 'poisoner' }
    await on.database.call('message_send', taken)
  }
  await charge('poisoner', 85)
  await charge('patient', 85)
  const sender = createAlertSender(on.database, silentLogger)
  await until(1, () => sender(signal).catch(() => 0))
  const { messages } = Object(await on.database.rpc('message_receive', { p_project: 'patient', p_limit: 100 }))
  expect(messages).toContainEqual(expect.objectContaining({ type: 'credits.low' }))
})

test('a process that has read to the end sends what comes after a restore, whose numbers begin again', async () => {
  const sender = createAlertSender(on.database, silentLogger)
  const send = () => sender(signal)
  await charge('restored', 85)
  await until(1, send)
  await on.sql(
    `delete from core.event; update core.event_head set epoch = gen_random_uuid(), last_seq = 0, trimmed_seq = 0`,
  )
  await charge('restored', 15)
  await until(1, send)
})
