import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCore } from './core-here.ts'
import { createRoom, type RunningCore } from './core-process.ts'
import { runInProcess } from './run-in-process.ts'

const room = createRoom()
let running: RunningCore
beforeAll(async () => {
  running = await startCore({ cwd: room.folder })
})
afterAll(async () => {
  await running?.stop()
  room[Symbol.dispose]()
})

async function core(args: readonly string[], { stdin = '', url = running.url } = {}) {
  const env = { CORE_URL: url, CORE_KEY: running.keys['smart_layer'] ?? '' }
  const { code, stdout, stderr } = await runInProcess(args, { cwd: room.folder, env, stdin })
  return { code, stderr, answer: stdout === '' ? undefined : JSON.parse(stdout) }
}

const account = 'smart_layer'
const charge = (amount: number, key: string) => ({ op: 'charge', key, account, amount })

describe('credits batch', () => {
  test('runs a file of operations, each with its result, and is safe to repeat', async () => {
    const hold = '019ab2c4-0000-7000-8000-0000000000b1'
    const ops = [
      { op: 'reserve', key: 'r1', account, amount: 2_000_000, hold },
      { op: 'settle', key: 's1', hold, amount: 500_000 },
      charge(250_000, 'c1'),
    ]
    writeFileSync(join(room.folder, 'ops.json'), JSON.stringify(ops))
    const first = await core(['credits', 'batch', 'ops.json'])
    expect(first).toMatchObject({
      code: 0,
      stderr: '',
      answer: { results: [{ granted: 2_000_000 }, { charged: 500_000 }, { charged: 250_000, replayed: false }] },
    })
    const again = await core(['credits', 'batch', 'ops.json'])
    expect(again).toMatchObject({
      code: 0,
      answer: { results: [{ replayed: true }, { replayed: true }, { replayed: true }] },
    })
  })

  test('from standard input: insufficient credits exit 6, the operations beside are done', async () => {
    const stdin = JSON.stringify([charge(1, 'n1'), charge(9_000_000_000_000, 'n2'), charge(1, 'n3')])
    expect(await core(['credits', 'batch'], { stdin })).toMatchObject({
      code: 6,
      answer: { results: [{ ok: true }, { ok: false, code: 'insufficient_credits' }, { ok: true }] },
    })
  })

  test('another refusal exits as its own verb would', async () => {
    const stdin = JSON.stringify([{ op: 'void', hold: '019ab2c4-0000-7000-8000-0000000000ff' }])
    expect(await core(['credits', 'batch', '-'], { stdin })).toMatchObject({
      code: 4,
      answer: { results: [{ ok: false }] },
    })
  })

  test('all or nothing: the results say that nothing was applied', async () => {
    const stdin = JSON.stringify({ ops: [charge(1, 'a1'), charge(9_000_000_000_000, 'a2')] })
    const { code, stderr, answer } = await core(['credits', 'batch', '--atomic'], { stdin })
    expect({ code, stderr }).toEqual({ code: 6, stderr: expect.stringContaining('nothing was applied') })
    expect(answer).toMatchObject({ results: [{ ok: false, code: 'not_applied' }, { code: 'insufficient_credits' }] })
  })

  test.each([
    ['[{"op":"charge","account":"smart_layer"}]', 'ops.0.amount'],
    ['{"op":"charge"', 'not JSON'],
  ])('what cannot be sent is named: %s', async (stdin, named) => {
    expect(await core(['credits', 'batch'], { stdin })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(named),
    })
  })

  test('a file that is not there is named', async () => {
    const { code, stderr } = await core(['credits', 'batch', 'missing.json'])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('missing.json cannot be read') })
  })
})

test('on a terminal the results are a table', async () => {
  const stdin = JSON.stringify([charge(1_000_000, 't1'), charge(9_000_000_000_000, 't2')])
  const env = { CORE_URL: running.url, CORE_KEY: running.keys['smart_layer'] }
  const { code, stdout } = await runInProcess(['credits', 'batch'], { cwd: room.folder, env, stdin, isTTY: true })
  expect(code).toBe(6)
  expect(stdout).toMatch(
    /^#\s+OP\s+RESULT\s+AMOUNT\s+UNCOLLECTED\s+HOLD\s+TX\s+WHY\n0\s+charge\s+done\s+1 .*\n1\s+charge\s+insufficient_credits .*available/,
  )
})

test('what was used and not charged is in the tables of a batch, of holds and of a report', async () => {
  const env = { CORE_URL: running.url, CORE_KEY: running.keys['smart_layer'] ?? '' }
  const show = async (args: readonly string[], stdin = '') =>
    (await runInProcess(args, { cwd: room.folder, env, stdin, isTTY: true })).stdout
  const hold = '019ab2c4-0000-7000-8000-0000000000b2'
  const ops = [
    { op: 'reserve', key: 'u1', account, amount: 1_000, hold },
    { op: 'settle', key: 'u2', hold, amount: 5_000 },
  ]
  expect(await show(['credits', 'batch'], JSON.stringify(ops))).toMatch(
    /\n1\s+settle\s+done\s+0\.002\s+0\.003\s+019ab2c4/,
  )
  expect(await show(['credits', 'holds'])).toMatch(/UNCOLLECTED[\s\S]*00b2\s+settled .*\s0\.003\s/)
  const { answer } = await core(['leases', 'open', account, '0.001'])
  const report = ['leases', 'report', answer.lease, '0.005', '--at', '2026-11-20T09:30:00Z']
  expect(await show(report)).toMatch(/charged\s+0\.002\n\s*uncollected\s+0\.003\n/)
})

describe('leases', () => {
  test('are opened, reported by number, looked at and closed', async () => {
    const opened = await core(['leases', 'open', account, '10', '--ttl', '3600', '--device', 'van-7'])
    expect(opened).toMatchObject({ code: 0, answer: { device: 'van-7', amount: 10_000_000, seq: 0, status: 'open' } })
    const { lease } = opened.answer
    const first = await core(['leases', 'report', lease, '1.5', '--at', '2026-11-20T09:30:00Z'])
    expect(first).toMatchObject({ code: 0, answer: { charged: 1_500_000, seq: 1, reported: 1_500_000 } })
    const twice = await core(['leases', 'report', lease, '1.5', '--at', '2026-11-20T09:30:00Z', '--seq', '1'])
    expect(twice).toMatchObject({ code: 0, answer: { seq: 1, reported: 1_500_000, replayed: true } })
    const items = JSON.stringify([1, 2].map((amount) => ({ amount, at: '2026-11-20T09:31:00Z', key: `job ${amount}` })))
    const more = await core(['leases', 'report', lease, '--items', '-'], { stdin: items })
    expect(more).toMatchObject({ code: 0, answer: { seq: 2, charged: 3 } })
    expect(await core(['leases', 'report', lease, '1', '--seq', '9'])).toMatchObject({ code: 5 }) // a gap
    expect(await core(['leases', 'get', lease])).toMatchObject({ code: 0, answer: { seq: 2, rest: 8_499_997 } })
    expect((await core(['leases', 'close', lease])).code, 'not a terminal: nothing can be confirmed').toBe(2)
    const closed = await core(['leases', 'close', lease, '--yes'])
    expect(closed).toMatchObject({ code: 0, answer: { status: 'closed', released: 8_499_997 } })
    expect((await core(['leases', 'report', lease, '1'])).code).toBe(5)
  })

  test('one that takes more than its share is a conflict, one beyond the credits exits 6', async () => {
    expect(await core(['leases', 'open', account, '90'])).toMatchObject({
      code: 0,
      answer: { device: expect.any(String) },
    })
    expect((await core(['leases', 'open', account, '900'])).code).toBe(6)
  })

  test('a report whose outcome is unknown says its number and time', async () => {
    // Answers nothing, as when a connection is cut behind the request.
    const silent = createServer((request) => request.socket.destroy()).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const address = silent.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    const id = '019ab2c4-0000-7000-8000-000000000000'
    const { code, stderr } = await core(['leases', 'report', id, '1', '--seq', '3', '--at', '2026-11-20T09:30:00Z'], {
      url,
    })
    silent.close()
    expect({ code, stderr }).toEqual({
      code: 7,
      stderr: expect.stringContaining('repeat with --seq 3 --at 2026-11-20T09:30:00Z'),
    })
  })

  test('a report has an amount or items', async () => {
    expect((await core(['leases', 'report', '019ab2c4-0000-7000-8000-000000000000'])).code).toBe(2)
  })
})
