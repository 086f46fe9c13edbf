import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCore, startCore } from './core-here.ts'
import { type CoreResult, createRoom, type RunningCore } from './core-process.ts'

const room = createRoom()
let running: RunningCore
beforeAll(async () => {
  // Rebalancing is called explicitly here; an automatic one would interfere.
  running = await startCore({ cwd: room.folder, env: { CORE_BACKGROUND_REBALANCE_EVERY_SECONDS: '0' } })
})
afterAll(async () => {
  await running?.stop()
  room[Symbol.dispose]()
})

const spawn = (key: string | undefined, args: readonly string[], url = running.url): Promise<CoreResult> =>
  runCore(args, { cwd: room.folder, env: { CORE_URL: url, CORE_KEY: key ?? '' } })

async function answerOf(key: string | undefined, args: readonly string[]) {
  const { code, stdout, stderr } = await spawn(key, args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}
const asProject = (...args: string[]) => answerOf(running.keys['smart_layer'], args)
const asOwner = (...args: string[]) => answerOf(running.keys['owner'], args)

test('a hold is extended and captured while the work continues, and what was charged is refunded', async () => {
  const { hold } = await asProject('credits', 'reserve', 'smart_layer', '2')
  const extended = await asProject('credits', 'extend', hold, '1', '--ttl', '600')
  expect(extended).toMatchObject({ granted: 1_000_000, amount: 3_000_000 })
  expect(await asProject('credits', 'extend', hold)).toMatchObject({ granted: 0, amount: 3_000_000 })
  const captured = await asProject('credits', 'capture', hold, '1.25')
  expect(captured).toMatchObject({ charged: 1_250_000, rest: 1_750_000 })
  await asProject('credits', 'settle', hold, '0')

  const refund = ['credits', 'refund', String(captured.tx), '--project', 'smart_layer']
  expect(await asOwner(...refund, '0.25')).toMatchObject({ refunded: 250_000, left: 1_000_000 })
  expect(await asOwner(...refund)).toMatchObject({ refunded: 1_000_000, left: 0 })
  expect((await spawn(running.keys['owner'], refund)).code).toBe(5)

  const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
  const { usage } = await asProject('credits', 'usage', '--per', 'month', '--to', tomorrow)
  expect(usage.at(-1)).toMatchObject({ charged: 1_250_000, refunded: 1_250_000 })
})

test('what a hold was charged is refunded by its id, in part and then the rest', async () => {
  const { hold } = await asProject('credits', 'reserve', 'smart_layer', '1')
  await asProject('credits', 'capture', hold, '0.25')
  await asProject('credits', 'settle', hold, '0.5')

  const refund = ['credits', 'refund-hold', hold, '--project', 'smart_layer']
  expect(await asOwner(...refund, '0.6')).toMatchObject({ refunded: 600_000, left: 150_000 })
  expect(await asOwner(...refund)).toMatchObject({ refunded: 150_000, left: 0 })
  expect((await spawn(running.keys['owner'], refund)).code).toBe(5)
})

test('the owner funds an account from the pool, exactly or as far as it goes', async () => {
  await asOwner(
    'api',
    'POST',
    '/v1/projects/smart_layer/accounts',
    '--body',
    '{"account":"smart_layer/own","parent":"smart_layer"}',
  )
  const moved = await asOwner('credits', 'transfer', 'pool', 'smart_layer/own', '3')
  expect(moved).toMatchObject({ moved: 3_000_000, toBalance: { available: 3_000_000 } })
  await asProject(
    'api',
    'POST',
    '/v1/projects/current/accounts',
    '--body',
    '{"account":"smart_layer/other","parent":"smart_layer"}',
  )
  const transfer = ['credits', 'transfer', 'smart_layer/own', 'smart_layer/other', '5']
  expect((await spawn(running.keys['smart_layer'], transfer)).code).toBe(6)
  expect(await asProject(...transfer, '--up-to')).toMatchObject({ moved: 3_000_000, available: 0 })
})

test('alerts come once, and cap is rebalanced: first as a dry run, then for real', async () => {
  await asProject('credits', 'charge', 'smart_layer', '80')
  // An alert is shown when no older transaction of the cluster is open.
  await expect
    .poll(() => asProject('credits', 'alerts'), { timeout: 60_000, interval: 100 })
    .toMatchObject({ data: [{ account: 'smart_layer', budget: 'daily', thresholdBasisPoints: 8000 }] })
  const rebalance = ['credits', 'rebalance', 'pool', 'daily']
  const planned = await asOwner(...rebalance, '--dry-run')
  expect(planned).toMatchObject({ dryRun: true, total: 200_000_000, moves: [{ to: 140_000_000 }, { to: 60_000_000 }] })
  expect(await asOwner(...rebalance)).toMatchObject({ dryRun: false, total: 200_000_000, moves: planned.moves })
})

test('the owner sets the terms of an account; what a hold could not be charged is shown and alerted', async () => {
  const terms = ['--debt-limit', '1', '--over', '50']
  const opened = await asOwner('credits', 'open', 'smart_layer/terms', ...terms)
  expect(opened).toMatchObject({ account: 'smart_layer/terms', debtLimit: 1_000_000, overBasisPoints: 5_000 })
  const update = ['credits', 'update', 'smart_layer/terms', '--over', '25']
  expect((await spawn(running.keys['smart_layer'], update)).code).toBe(3)
  expect(await asOwner(...update)).toMatchObject({ debtLimit: 1_000_000, overBasisPoints: 2_500, status: 'active' })
  await asOwner('credits', 'transfer', 'pool', 'smart_layer/terms', '2')
  const { hold } = await asProject('credits', 'reserve', 'smart_layer/terms', '2', '--over', 'overflow')
  await asProject('credits', 'settle', hold, '4')
  expect(await asProject('credits', 'hold', hold)).toMatchObject({
    above: 500_000,
    uncollected: 1_500_000,
    overBasisPoints: 2_500,
  })
  const history = await asProject('credits', 'history', 'smart_layer/terms')
  expect(history.data[0]).toMatchObject({ op: 'settle', amount: 2_500_000, above: 500_000, uncollected: 1_500_000 })
  // An alert is listed when no older transaction of the server is open: other tests of the run may have one.
  const alert = { kind: 'uncollected', account: 'smart_layer/terms', hold, uncollected: 1_500_000 }
  await expect
    .poll(async () => (await asProject('credits', 'alerts')).data.at(-1), { timeout: 30_000, interval: 100 })
    .toMatchObject(alert)
})

test('the journal is sealed and verified; a broken chain exits 1', async () => {
  expect(await asOwner('credits', 'seal')).toMatchObject({ sealed: expect.any(Number) })
  const verified = await asOwner('credits', 'verify')
  expect(verified).toMatchObject({ valid: true, head: expect.stringMatching(/^[0-9a-f]{64}$/) })
  expect((await spawn(running.keys['smart_layer'], ['credits', 'verify'])).code).toBe(3)

  const badBlock = { id: 7, firstTx: 1, lastTx: 9, sealedAt: '2026-11-20T09:30:00+00:00', fault: 'its rows differ' }
  const broken = createServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ valid: false, blocks: 6, badBlock }))
  }).listen(0, '127.0.0.1')
  await once(broken, 'listening')
  const address = broken.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const found = await spawn(running.keys['owner'], ['credits', 'verify'], `http://127.0.0.1:${port}`)
  broken.close()
  expect(found.code).toBe(1)
  expect(JSON.parse(found.stdout)).toMatchObject({ valid: false, badBlock })
})

test('usage of today is grouped by user and model, as a table for spreadsheets too', async () => {
  for (const user of ['ann, the boss', '=1+1']) {
    const body = JSON.stringify({ account: 'smart_layer', amount: 5, metadata: { user, model: 'small' } })
    await asProject('api', 'POST', '/v1/projects/current/charges', '--body', body)
  }
  const today = ['credits', 'usage', '--today', '--tz', 'Pacific/Kiritimati', '--by', 'user,model']
  const grouped = await asProject(...today)
  expect(grouped).toMatchObject({ by: ['user', 'model'], bucket: 'total', timeZone: 'Pacific/Kiritimati' })
  expect(grouped.usage).toContainEqual(expect.objectContaining({ group: ['=1+1', 'small'], charged: 5, charges: 1 }))
  const { stdout } = await spawn(running.keys['smart_layer'], [...today, '--csv', '--limit', '1'])
  const lines = stdout.split('\r\n').map((line) => line.trim())
  expect(lines[0]).toBe('start,user,model,charged,refunded,uncollected,charges')
  expect(lines.filter((line) => line.endsWith('small,5,0,0,1')).toSorted()).toEqual([
    expect.stringContaining(`"'=1+1"`),
    expect.stringContaining('"ann, the boss"'),
  ])
  expect(await asProject('credits', 'usage', '--yesterday', '--by', 'user')).toMatchObject({ usage: [] })
  expect((await spawn(running.keys['smart_layer'], [...today, '--from', '2026-11-20'])).code).toBe(2)
})

test('an end user has an account with a cap, made once', async () => {
  const ensure = ['credits', 'ensure-user', 'ann/of the shop', '2.5']
  const made = await asProject(...ensure)
  expect(made).toMatchObject({ limit: 2_500_000, period: 'month', account: expect.stringMatching(/^smart_layer\/h:/) })
  expect(await asProject(...ensure)).toMatchObject({ account: made.account, tx: null })
})
