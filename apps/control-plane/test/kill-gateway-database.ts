import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '@core/database'
import { runSql, startPostgresServer } from '@core/database/testing'
import { startFakeProvider } from '@core/providers/testing'
import { expect } from 'vitest'
import { startProgram } from './start-program.ts'

const ownerKey = 'owner-key-of-the-kill-tests-0123456789'
const callsPerRound = 12

/** Of a call: plain, streamed, or streamed to a client that leaves at its first output. */
const kinds = ['plain', 'streamed', 'left'] as const
type Kind = (typeof kinds)[number]

/**
 * Kills the database with -9 while calls begin, stream, lose their client and end, again and again; every fifth time it
 * stays away for longer than a settle is tried, so that what is owed goes to the spool. Clients have their answers all the
 * same, and when the database is back each call that reached the provider is charged once what it used, every other
 * hold is given back, and none has to lapse for that.
 */
export async function expectDatabaseKills(folder: string, rounds: number) {
  await using fake = await startFakeProvider({ pauseMs: 20 })
  const server = await startPostgresServer({ folder: join(folder, 'server'), durable: true, migrated: true })
  try {
    await using database = await openDatabase({ driver: 'postgres', url: server.url() })
    const { rpc } = database
    const { host } = new URL(fake.url)
    const rates = [
      { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
      { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
    ]
    await rpc('price_set', { p_provider: 'openai', p_model: 'gpt-slow', p_rates: rates })
    await rpc('project_register', { p_name: 'killed' })
    await rpc('ledger_account_open', { p_key: 'killed', p_account: 'killed', p_kind: 'project' })
    await rpc('ledger_grant', { p_key: 'killed:grant', p_account: 'killed', p_amount: 1_000_000_000 })
    const { url, child } = await startProgram(folder, {
      CORE_DATABASE_URL: server.url(),
      CORE_OWNER_KEY: ownerKey,
      CORE_ROUTER_PRIVATE_HOSTS: host,
      OPENAI_API_KEY: 'sk-test',
      OPENAI_BASE_URL: `http://${host}/v1`,
    })
    try {
      expect(await ask(url, 'plain')).toMatchObject({ status: 200 })
      const asked = { answered: 1, left: 0, refused: 0 }
      for (let round = 0; round < rounds; round++) {
        const before = fake.requests.length
        // Some begin while the database is away.
        const calls = Array.from({ length: callsPerRound }, async (_, index) => {
          await sleep(index * 10)
          return await ask(url, kinds[index % kinds.length] ?? 'plain')
        })
        const untilMs = performance.now() + 30_000
        while (fake.requests.length < before + callsPerRound / 3 && performance.now() < untilMs) await sleep(5)
        await sleep(20 * (round % 8))
        await server.kill()
        await sleep(round % 5 === 1 ? 6_000 : round % 2 === 0 ? 0 : 1_000)
        await server.start()
        for (const { status, text, isLeft } of await Promise.all(calls)) {
          expect([200, 503]).toContain(status)
          asked[status === 503 ? 'refused' : isLeft ? 'left' : 'answered'] += 1
          // An answer is whole, whatever became of the database.
          if (status === 200 && !isLeft) expect(text).toMatch(/"finish_reason":"stop"/)
        }
        // The next round begins with a gateway that serves again.
        await expect.poll(async () => (await ask(url, 'plain')).status, { timeout: 60_000 }).toBe(200)
        asked.answered += 1
      }
      const sql = (text: string) => runSql(database, text, ['killed'])
      const open = async () =>
        (
          await sql(
            "select count(*)::text as n from core.ledger_hold where project = $1 and status in ('open', 'expired')",
          )
        )[0]
      await expect.poll(open, { timeout: 110_000, interval: 500 }).toEqual({ n: '0' })
      const [books] = await sql(`
        select (select count(*) from core.ledger_tx where project = $1 and op = 'settle')::text as settles,
          (select count(distinct hold) from core.ledger_tx where project = $1 and op = 'settle')::text as settled,
          (select count(distinct amount) from core.ledger_tx where project = $1 and op = 'settle')::text as amounts,
          (select count(*) from core.ledger_hold where project = $1 and status = 'settled_late')::text as late`)
      const requests = String(fake.requests.length)
      expect(books).toEqual({ settles: requests, settled: requests, amounts: '1', late: '0' })
      expect(asked.answered + asked.left).toBe(fake.requests.length)
      expect(asked.left).toBeGreaterThan(0)
      expect(await rpc('ledger_balance', { p_account: 'killed' })).toMatchObject({ held: 0 })
      expect(await rpc('ledger_audit', {})).toMatchObject({ ok: true })
      return asked
    } finally {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
  } finally {
    await server.stop()
  }
}

async function ask(url: string, kind: Kind): Promise<{ status: number; text: string; isLeft: boolean }> {
  const response = await fetch(`${url}/v1/projects/killed/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ownerKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'openai/gpt-slow',
      stream: kind !== 'plain',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'What is a hold?' }],
    }),
    signal: AbortSignal.timeout(60_000),
  })
  const isLeft = kind === 'left' && response.status === 200
  if (isLeft) for await (const _ of response.body ?? []) break // which cancels the body, and closes its connection
  return { status: response.status, text: isLeft ? '' : await response.text(), isLeft }
}
