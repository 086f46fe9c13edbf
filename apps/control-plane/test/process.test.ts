import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@core/api/client'
import { prepareEmbeddedFolder, shortLived } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleProgram } from '../src/testing/bundle-program.ts'

/**
 * The program itself, as a child process on an embedded database on disk. Under load, and killed, it is in
 * `load-process.test.ts`; a start that cannot work is in `faults.test.ts` of the command.
 */

const main = await bundleProgram(join(import.meta.dirname, '../src/process/main.ts'))
const { PATH, NODE_COMPILE_CACHE } = process.env
const inherited = { PATH, NODE_COMPILE_CACHE }
let folder: string
const running = new Set<ChildProcess>()

interface Run {
  readonly child: ChildProcess
  /** Everything written so far. */
  readonly output: { stdout: string; stderr: string }
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
}

function run(environment: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [...shortLived, main], {
    cwd: folder,
    env: { ...inherited, CORE_HTTP_PORT: '0', CORE_DATA_DIR: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (output.stdout += chunk))
  child.stderr.on('data', (chunk) => (output.stderr += chunk))
  const ended = new Promise<number | string | null>((resolve) => {
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve(code ?? signal)
    })
  })
  return { child, output, ended }
}

/** Waits until it listens; returns its address. */
async function started({ output, ended }: Run): Promise<string> {
  const failed = ended.then((code) => {
    throw new Error(`ended with ${code} before it listened:\n${output.stderr}`)
  })
  failed.catch(() => undefined)
  const listening = async () => {
    for (;;) {
      const url = /Core is running at (\S+)[\s\S]*\n$/.exec(output.stdout)?.[1]
      if (url !== undefined) return url
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return Promise.race([listening(), failed])
}

const keyOf = (output: string, name: string) => new RegExp(`${name} +(ck_live_\\w+)`).exec(output)?.[1] ?? ''

// That a first start from nothing migrates is shown by the tests of the command.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-control-plane-'))
  await prepareEmbeddedFolder(folder)
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

// One story: each test continues with the database, and from the second start on with the process, that the one before
// left behind.
const first = { owner: '', smart_layer: '' }
let second: Run
let secondUrl: string

test('the first start makes the fleet, and prints keys and a line that works when pasted', async () => {
  const start = run()
  const url = await started(start)
  first.owner = keyOf(start.output.stdout, 'owner')
  first.smart_layer = keyOf(start.output.stdout, 'smart_layer')
  expect([first.owner, first.smart_layer, keyOf(start.output.stdout, 'manus_origin')]).toEqual(
    Array.from({ length: 3 }, () => expect.stringMatching(/^ck_live_\w{49}$/)),
  )
  expect(start.output.stderr).not.toContain('ck_live_')

  // What a shell makes of the line, word by word; sent by fetch, because a machine may lack curl.
  const line = /^ +(curl .*)$/m.exec(start.output.stdout)?.[1] ?? ''
  const shell = spawnSync('sh', ['-c', `curl() { for word; do printf '%s\\n' "$word"; done; }; ${line}`], {
    encoding: 'utf8',
  })
  const words = shell.stdout.trim().split('\n')
  const headers = words
    .filter((_, index) => words[index - 1] === '-H')
    .map((header) => header.split(': ') as [string, string])
  const response = await fetch(words.find((word) => word.startsWith('http')) ?? '', {
    method: 'POST',
    headers,
    body: words[words.indexOf('-d') + 1] ?? null,
  })
  expect(response.status).toBe(201)
  expect(await response.json()).toMatchObject({
    granted: 2_500_000,
    available: 997_500_000,
    budgets: [{ budget: 'daily' }],
  })

  const owner = createClient({ url, key: first.owner })
  const { data } = await owner.listProjects()
  expect(data.map(({ name }) => name)).toEqual(['manus_origin', 'smart_layer'])
  expect(await owner.getAccount({ params: { project: 'manus_origin', code: 'manus_origin' } })).toMatchObject({
    parent: 'pool',
    purse: 'pool',
    granted: 1_000_000_000,
    budgets: [{ budget: 'daily', limit: 100_000_000, account: 'manus_origin' }],
  })

  start.child.kill('SIGTERM')
  expect(await start.ended).toBe(0)
})

test('a later start prints no key, and those of the first work', async () => {
  second = run()
  secondUrl = await started(second)
  expect(second.output.stdout).toContain('The keys were shown at the first start')
  expect(second.output.stdout + second.output.stderr).not.toContain('ck_live_')
  const client = createClient({ url: secondUrl, key: first.smart_layer })
  expect(await client.getMe()).toMatchObject({ project: 'smart_layer' })
  expect((await client.listBudgets({ params: { project: 'current', code: 'smart_layer' } })).data).toHaveLength(1)

  const beside = run()
  expect(await beside.ended).toBe(1)
  expect(beside.output.stderr).toMatch(/core: .*(open|lock|use)/i)
  expect(beside.output.stdout).toBe('')
})

test('a signal that comes twice does not cut the drain short', async () => {
  const client = createClient({ url: secondUrl, key: first.smart_layer })
  const calls = Array.from({ length: 40 }, (_, index) =>
    client.chargeCredits(
      { params: { project: 'current' }, body: { account: 'smart_layer', amount: 1 } },
      { idempotencyKey: `drain-${index}` },
    ),
  )
  await calls[0]
  const startedAt = performance.now()
  second.child.kill('SIGINT')
  second.child.kill('SIGINT')
  setTimeout(() => second.child.kill('SIGTERM'), 30)
  await expect(Promise.all(calls)).resolves.toHaveLength(40)
  expect(await second.ended).toBe(0)
  expect(performance.now() - startedAt).toBeLessThan(60_000)
})

test('an address beyond this machine needs an owner key that is there already', async () => {
  const fresh = await mkdtemp(join(tmpdir(), 'core-control-plane-'))
  await prepareEmbeddedFolder(fresh)
  try {
    const refused = run({ CORE_DATA_DIR: fresh, CORE_HTTP_HOST: '0.0.0.0' })
    expect(await refused.ended).toBe(1)
    expect(refused.output.stderr).toContain('CORE_OWNER_KEY')
    expect(refused.output.stdout).toBe('')

    const ownerKey = 'a-long-random-text-of-my-own-42'
    const allowed = run({ CORE_DATA_DIR: fresh, CORE_HTTP_HOST: '0.0.0.0', CORE_OWNER_KEY: ownerKey })
    const url = await started(allowed)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(allowed.output.stdout).not.toMatch(/owner +ck_/)
    expect(allowed.output.stdout).not.toContain(ownerKey)
    expect(await createClient({ url, key: ownerKey }).getMe()).toMatchObject({ subject: 'owner', project: null })
    allowed.child.kill('SIGINT')
    expect(await allowed.ended).toBe(0)
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
})
