import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Client, createClient } from '@core/api/client'
import { loadConfig } from '@core/config'
import { type ControlPlane, startControlPlane } from '@core/control-plane'
import { createEmbeddedFolder } from '@core/database/testing'
import { silentLogger } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'

const examples = join(import.meta.dirname, '../..')

let folder: Awaited<ReturnType<typeof createEmbeddedFolder>>
let core: ControlPlane
let owner: Client
beforeAll(async () => {
  folder = await createEmbeddedFolder()
  const config = loadConfig({ env: { CORE_HTTP_PORT: '0' }, cwd: import.meta.dirname })
  core = await startControlPlane({
    config: { ...config, database: { driver: 'embedded', dataDir: folder.dataDir, timeoutMs: 10_000 } },
    logger: silentLogger,
  })
  owner = createClient({ url: core.url, key: core.firstStart.ownerKey })
})
afterAll(async () => {
  await core?.close()
  await folder?.[Symbol.asyncDispose]()
})

/** Runs a sibling as a program of its own, with its own key. */
async function sibling(project: 'smart_layer' | 'manus_origin', jobs: string[], run: string): Promise<Outcome[]> {
  const key = core.firstStart.projectKeys.find((made) => made.project === project)?.key
  const main = join(examples, project.replace('_', '-'), 'src/main.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...jobs], {
    env: { PATH: process.env['PATH'], CORE_URL: core.url, CORE_KEY: key, RUN: run },
  })
  return JSON.parse(stdout)
}
interface Outcome {
  status: string
  cost?: number
}

const sum = (outcomes: Outcome[]) => outcomes.reduce((total, { cost = 0 }) => total + cost, 0)
const questions = Array.from({ length: 30 }, (_, index) => `question ${index}${index % 10 === 9 ? ' to fail' : ''}`)
const errands = Array.from({ length: 30 }, (_, index) => `errand ${'x'.repeat(index % 5)}`)

async function pool(): Promise<{ granted: number; spent: number; held: number; available: number }> {
  const {
    granted = 0,
    spent = 0,
    held,
    available,
  } = await owner.getBalance({
    params: { project: 'pool', code: 'pool' },
  })
  return { granted, spent, held, available }
}

test('two siblings in different styles spend from one pool, and the pool knows every micro-credit', async () => {
  const before = await pool()
  const [answers, done] = await Promise.all([
    sibling('smart_layer', questions, 'once'),
    sibling('manus_origin', errands, 'once'),
  ])
  expect(answers.filter(({ status }) => status === 'answered')).toHaveLength(27)
  expect(answers.filter(({ status }) => status === 'failed')).toHaveLength(3)
  expect(done.every(({ status }) => status === 'done')).toBe(true)
  expect(await pool()).toMatchObject({ spent: before.spent + sum(answers) + sum(done), held: 0 })
  expect(await owner.auditLedger()).toMatchObject({ clean: true })
})

test('a sibling that is run again for the same jobs is charged once', async () => {
  const first = await sibling('manus_origin', errands, 'repeated')
  const { spent } = await pool()
  expect(await sibling('manus_origin', errands, 'repeated')).toEqual(first)
  expect(await pool()).toMatchObject({ spent })
})

test('a budget stops its own project and no other', async () => {
  const params = { project: 'smart_layer', code: 'smart_layer', budget: 'tiny' }
  await owner.setBudget({ params, body: { period: 'day', limit: 60_000 } })
  const [answers, done] = await Promise.all([
    sibling('smart_layer', questions, 'capped'),
    sibling('manus_origin', errands, 'capped'),
  ])
  await owner.removeBudget({ params })
  expect(sum(answers)).toBeLessThanOrEqual(60_000)
  expect(answers.filter(({ status }) => status === 'deferred').length).toBeGreaterThan(20)
  expect(done.every(({ status }) => status === 'done')).toBe(true)
})

test('what one sibling has taken the other cannot have; a denied job costs nothing', async () => {
  await leaveInPool(1_000_000)
  const [answers, done] = await Promise.all([
    sibling('smart_layer', questions, 'scarce'),
    sibling('manus_origin', errands, 'scarce'),
  ])
  const denied = [...answers, ...done].filter(({ status }) => status === 'deferred' || status === 'denied')
  expect(denied.length).toBeGreaterThan(0)
  const { granted, spent, available, held } = await pool()
  expect(available).toBeGreaterThanOrEqual(0)
  expect({ held, spent }).toEqual({ held: 0, spent: granted - 1_000_000 + sum(answers) + sum(done) })
  expect(await owner.auditLedger()).toMatchObject({ clean: true })
})

async function leaveInPool(micro: number): Promise<void> {
  const { available } = await pool()
  await owner.chargeCredits({ params: { project: 'pool' }, body: { account: 'pool', amount: available - micro } })
}
