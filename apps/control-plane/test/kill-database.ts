import { once } from 'node:events'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '@core/database'
import { migrateUp } from '@core/database/migrate'
import { runSql, startPostgresServer } from '@core/database/testing'
import { startFakeProvider } from '@core/providers/testing'
import { expect } from 'vitest'
import { startProgram } from './start-program.ts'

const ownerKey = 'owner-key-of-the-kill-tests-0123456789'
const callsPerRound = 12
const project = 'killed'

/**
 * Kills the database with -9 while calls run, again and again; every fifth time it stays away for longer than a settle is
 * tried, so that what is owed goes to the spool. Then nothing is held, each call that the provider answered is charged once
 * what it counted, and nothing else is charged.
 */
export async function expectKilledDatabase(folder: string, rounds: number): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const fake = stack.use(await startFakeProvider({ pauseMs: 15 }))
  await chmod(folder, 0o755) // the server is another user
  const postgres = await startPostgresServer({ folder: join(folder, 'server'), durable: true })
  stack.defer(() => postgres.stop())
  const database = stack.use(await openDatabase({ driver: 'postgres', url: postgres.url() }))
  await migrateUp({ database })
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
  ]
  await database.rpc('price_set', { p_provider: 'openai', p_model: 'gpt-slow', p_rates: rates })
  await database.rpc('project_register', { p_name: project })
  await database.rpc('ledger_account_open', { p_key: project, p_account: project, p_kind: 'project' })
  await database.rpc('ledger_grant', { p_key: 'grant', p_account: project, p_amount: 1_000_000_000 })
  const { host } = new URL(fake.url)
  const { url, child } = await startProgram(folder, {
    CORE_DATABASE_URL: postgres.url(),
    CORE_OWNER_KEY: ownerKey,
    CORE_ROUTER_PRIVATE_HOSTS: host,
    OPENAI_API_KEY: 'sk-test',
    OPENAI_BASE_URL: `http://${host}/v1`,
  })
  stack.defer(async () => {
    if (child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  await until(async () => (await ask(url, false)) === 200)
  for (let round = 0; round < rounds; round++) {
    const calls = Array.from({ length: callsPerRound }, (_, index) => ask(url, index % 3 !== 0))
    await sleep(20 * (round % 8))
    await postgres.kill()
    if (round % 5 === 1) await sleep(6_000)
    await postgres.start()
    const statuses = await Promise.all(calls)
    for (const status of statuses) expect([200, 503]).toContain(status)
    // The next round begins when it answers again.
    await until(async () => (await ask(url, false)) === 200)
  }
  const number = async (sql: string) => Number((await runSql(database, sql, [project]))[0]?.['n'])
  // What is in the spool arrives, and what was reserved for calls that were not made is given back.
  await until(
    async () =>
      (await number(
        "select count(*)::text as n from core.ledger_hold where project = $1 and status in ('open', 'expired')",
      )) === 0,
  )
  const cost = await number("select max(amount)::text as n from core.ledger_tx where project = $1 and op = 'settle'")
  const charged = "from core.ledger_tx where project = $1 and op = 'settle' and amount > 0"
  expect(await number(`select count(*)::text as n ${charged}`)).toBe(fake.requests.length)
  expect(await number(`select count(distinct hold)::text as n ${charged}`)).toBe(fake.requests.length)
  expect(await number(`select sum(amount)::text as n ${charged}`)).toBe(fake.requests.length * cost)
  expect(await database.rpc('ledger_audit', {})).toMatchObject({ ok: true })
}

/** Fails after a minute and a half: a machine under load restarts a database in seconds. */
async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + 90_000
  while (!(await isTrue().catch(() => false))) {
    if (performance.now() > limit) throw new Error('it did not become true')
    await sleep(100)
  }
}

/** The status of a call; its answer is read to its end. */
async function ask(url: string, isStream: boolean): Promise<number> {
  const response = await fetch(`${url}/v1/projects/${project}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ownerKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'openai/gpt-slow',
      stream: isStream,
      max_tokens: 100,
      messages: [{ role: 'user', content: 'What is a hold?' }],
    }),
    signal: AbortSignal.timeout(60_000),
  })
  await response.text()
  return response.status
}
