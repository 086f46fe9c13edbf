import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '@core/database'
import { runSql } from '@core/database/testing'
import { CoreError, silentLogger, uuidv7 } from '@core/foundation'
import { microCredits } from '@core/ledger'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCallerLedgers } from '../src/nouns/router/caller-ledgers.ts'
import { openSettleSpool } from '../src/nouns/router/settle-spool.ts'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
let folder: string
beforeAll(async () => {
  server = await openTestServer()
  folder = await mkdtemp(join(tmpdir(), 'core-settles-'))
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

test('where the disk fails once, the next settle is kept', async () => {
  const blocked = join(folder, 'blocked')
  await writeFile(blocked, '')
  const away: Database['rpc'] = async () => {
    throw new CoreError('E_DATABASE_UNAVAILABLE', 'the database is away')
  }
  const ledgers = createCallerLedgers({ rpc: away })
  await using spool = openSettleSpool(join(blocked, 'model-settles'), { ledgers, logger: silentLogger })
  const keep = () =>
    spool.keep({
      project: 'smart_layer',
      subject: 'key:one',
      settle: { key: uuidv7(), hold: uuidv7(), amount: microCredits(1) },
    })
  await keep()
  expect(spool.pending).toBe(0)
  await rm(blocked)
  await keep()
  expect(spool.pending).toBe(1)
})

test('settles that the database did not answer are sent by the next process, each once and for its own project', async () => {
  const { database } = server.test
  const projects = ['smart_layer', 'manus_origin'] as const
  const holds = await Promise.all(
    projects.map(async (account) => {
      const { hold } = Object(
        await database.rpc('ledger_reserve', { p_key: uuidv7(), p_account: account, p_amount: 500 }),
      )
      return { project: account, hold: String(hold), key: `model:${hold}` }
    }),
  )
  const away: Database['rpc'] = async () => {
    throw new CoreError('E_DATABASE_UNAVAILABLE', 'the database is away')
  }
  const file = join(folder, 'model-settles')
  const first = openSettleSpool(file, { ledgers: createCallerLedgers({ rpc: away }), logger: silentLogger })
  for (const { project, hold, key } of holds) {
    await first.keep({ project, subject: `key:of-${project}`, settle: { key, hold, amount: microCredits(120) } })
  }
  expect(first.pending).toBe(2)
  await first[Symbol.asyncDispose]()

  const next = openSettleSpool(file, { ledgers: createCallerLedgers(database), logger: silentLogger })
  const settled = () =>
    runSql(
      database,
      'select project, amount::text, actor from core.ledger_tx where op = $1 and hold = any ($2::uuid[]) order by project',
      ['settle', `{${holds.map(({ hold }) => hold).join(',')}}`],
    )
  const expected = [...projects].sort().map((project) => ({ project, amount: '120', actor: `key:of-${project}` }))
  await expect.poll(settled, { timeout: 30_000 }).toEqual(expected)
  await expect.poll(() => next.pending, { timeout: 30_000 }).toBe(0)
  await next[Symbol.asyncDispose]()

  const last = openSettleSpool(file, { ledgers: createCallerLedgers(database), logger: silentLogger })
  expect(last.pending).toBe(0)
  await last[Symbol.asyncDispose]()
  expect(await settled()).toEqual(expected)
})
