import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { runSql, type TestDatabase } from '@core/database/testing'
import { startFakeProvider } from '@core/providers/testing'
import { expect } from 'vitest'
import { startProgram } from './start-program.ts'

const ownerKey = 'owner-key-of-the-kill-tests-0123456789'
const callsPerRound = 12

/**
 * Kills the program with -9 while it streams, again and again. Then every hold that lapsed is charged its row or its floor:
 * nothing is held, and each call that reached the provider is charged once.
 */
export async function expectKilledRounds(folder: string, database: TestDatabase, rounds: number): Promise<void> {
  await using fake = await startFakeProvider({ pauseMs: 20 })
  const { host } = new URL(fake.url)
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
  ]
  const { rpc } = database.database
  await rpc('price_set', { p_provider: 'openai', p_model: 'gpt-slow', p_rates: rates })
  await rpc('project_register', { p_name: 'killed' })
  await rpc('ledger_account_open', { p_key: 'killed', p_account: 'killed', p_kind: 'project' })
  await rpc('ledger_grant', { p_key: 'killed:grant', p_account: 'killed', p_amount: 1_000_000_000 })
  for (let round = 0; round < rounds; round++) {
    const { url, child } = await startProgram(folder, {
      CORE_DATABASE_URL: database.url,
      CORE_OWNER_KEY: ownerKey,
      CORE_ROUTER_PRIVATE_HOSTS: host,
      OPENAI_API_KEY: 'sk-test',
      OPENAI_BASE_URL: `http://${host}/v1`,
    })
    const before = fake.requests.length
    const calls = Array.from({ length: callsPerRound }, (_, index) => stream(url, index))
    const untilMs = performance.now() + 30_000
    while (fake.requests.length < before + callsPerRound / 2 && performance.now() < untilMs) await sleep(5)
    await sleep(20 * (round % 8))
    child.kill('SIGKILL')
    await once(child, 'exit')
    await Promise.all(calls)
  }
  const sql = (text: string) => runSql(database.database, text, ['killed'])
  await sql(
    "update core.ledger_hold set expires_at = clock_timestamp() - interval '1 hour' where status = 'open' and project = $1",
  )
  // As the loops of the process: as often as there is something due.
  for (let due = 1; due > 0; ) due = Number(Object(await rpc('ledger_expire_due', {})).expired)
  // Some lapsed in an early round, a short while ago.
  for (let lapsed = 1; lapsed > 0; ) lapsed = Number(Object(await rpc('router_recover', { p_after_s: 1 })).recovered)
  expect(
    await sql(
      "select status, count(*)::text as n from core.ledger_hold where project = $1 and status in ('open', 'expired') group by status",
    ),
  ).toEqual([])
  const [books] = await sql(`
    select (select count(*) from core.ledger_tx where project = $1 and op = 'reserve')::text as reserved,
      (select count(*) from core.ledger_tx where project = $1 and op = 'settle')::text as settled,
      (select count(distinct hold) from core.ledger_tx where project = $1 and op = 'settle')::text as holds`)
  expect(books?.['settled']).toBe(books?.['reserved'])
  expect(books?.['holds']).toBe(books?.['reserved'])
  expect(Number(books?.['reserved'])).toBeGreaterThanOrEqual(fake.requests.length)
  expect(await rpc('ledger_audit', {})).toMatchObject({ ok: true })
}

/** A call that may end in any way. */
async function stream(url: string, index: number): Promise<void> {
  try {
    const response = await fetch(`${url}/v1/projects/killed/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ownerKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'openai/gpt-slow',
        stream: index % 3 !== 0,
        messages: [{ role: 'user', content: `What is hold ${index}?` }],
      }),
      signal: AbortSignal.timeout(20_000),
    })
    await response.text()
  } catch {
    // It was killed.
  }
}
