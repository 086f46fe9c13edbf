import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, runSql } from '@core/database/testing'
import { expect, test } from 'vitest'
import { expectKilledRounds } from './kill-gateway.ts'
import { openCutLine } from './open-cut-line.ts'
import { startProgram } from './start-program.ts'

test('killed with -9 two times in mid-stream: every call that was reserved is settled once', {
  timeout: 600_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-killed-'))
  const database = await createTestDatabase()
  try {
    await expectKilledRounds(folder, database, 2)
  } finally {
    await database.drop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

test('a reserve whose answer was lost with the database is given back, also after kill -9 of the plane', {
  timeout: 600_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-lost-'))
  const database = await createTestDatabase()
  const line = await openCutLine(database.url)
  const ownerKey = 'owner-key-of-the-kill-tests-0123456789'
  try {
    const { rpc } = database.database
    await rpc('project_register', { p_name: 'lost' })
    await rpc('ledger_account_open', { p_key: 'lost', p_account: 'lost', p_kind: 'project' })
    await rpc('ledger_grant', { p_key: 'lost:grant', p_account: 'lost', p_amount: 1_000_000_000 })
    const rates = [
      { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
      { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
    ]
    await rpc('price_set', { p_provider: 'local', p_model: 'local', p_rates: rates })
    const env = { CORE_OWNER_KEY: ownerKey }
    const first = await startProgram(folder, { ...env, CORE_DATABASE_URL: line.url })
    const ask = (url: string, tag: string) =>
      fetch(`${url}/v1/projects/lost/openai/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ownerKey}`, 'content-type': 'application/json', 'core-tags': tag },
        body: JSON.stringify({ model: 'local', messages: [{ role: 'user', content: 'What is a hold?' }] }),
      })
    expect((await ask(first.url, 'answered')).status).toBe(200)
    // The database commits, and dies before its answer is out.
    line.cutAfter('unanswered')
    expect((await ask(first.url, 'unanswered')).status).toBe(503)
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')
    const holds = () => runSql(database.database, 'select status from core.ledger_hold order by status desc', [])
    expect(await holds()).toEqual([{ status: 'settled' }, { status: 'open' }])

    const next = await startProgram(folder, { ...env, CORE_DATABASE_URL: database.url })
    await expect.poll(holds, { timeout: 60_000 }).toEqual([{ status: 'voided' }, { status: 'settled' }])
    next.child.kill('SIGTERM')
    await once(next.child, 'exit')
  } finally {
    line.close()
    await database.drop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
