import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Client, createClient } from '@core/api/client'
import { loadConfig } from '@core/config'
import { type ControlPlane, startControlPlane } from '@core/control-plane'
import { bundleProgram } from '@core/control-plane/testing'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { silentLogger } from '@core/foundation'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

/** Workers in other processes and languages, as the guide shows them, at a control plane that listens. */

const guide = readFileSync(new URL('../../../docs/guides/work-in-any-language.md', import.meta.url), 'utf8')
const main = await bundleProgram(join(import.meta.dirname, '../src/main.ts'))
const ownerKey = 'owner-key-of-the-tests-0123456789'
const params = { project: 'worked' }

let on: TestDatabase
let plane: ControlPlane
let client: Client
let key: string
let folder: string
const children: ChildProcess[] = []

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 4 })
  const overrides = { http: { port: 0 }, ownerKey, database: { driver: 'postgres' as const, url: on.url } }
  const config = loadConfig({ env: {}, cwd: import.meta.dirname, overrides })
  plane = await startControlPlane({ config, logger: silentLogger })
  client = createClient({ url: plane.url, key: ownerKey })
  await on.database.rpc('project_register', { p_name: 'worked' })
  key = String((await client.createApiKey({ params, body: { name: 'worker' } })).secret)
  folder = await mkdtemp(join(tmpdir(), 'core-worker-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const ended = once(child, 'exit')
    process.kill(-Number(child.pid), 'SIGKILL')
    await ended
  }
})
afterAll(async () => {
  await plane.close()
  await on.drop()
  await rm(folder, { recursive: true })
})

/** In a group of its own, so that what it starts ends with it. */
function start(program: string, args: readonly string[]): ChildProcess {
  const env = { ...process.env, HOME: folder, CORE_URL: plane.url, CORE_KEY: key, NO_COLOR: '1' }
  const child = spawn(program, args, { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  return child
}

/** The program below a heading of the guide. */
const block = (heading: string) =>
  new RegExp(`## ${heading}\\n[\\s\\S]*?\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(guide)?.[1] ?? ''
const enqueue = async (queue: string, payload = {}) =>
  (await client.enqueueTask({ params, body: { queue, kind: 'k', payload } })).task

async function ended(id: string): Promise<Awaited<ReturnType<Client['getTask']>>> {
  for (let at = 0; at < 200; at++) {
    const task = await client.getTask({ params: { ...params, id } })
    if (['done', 'dead'].includes(task.status)) return task
    await pause(100)
  }
  throw new Error(`the task ${id} has not ended`)
}

test('curl alone is a worker', async ({ skip }) => {
  if (spawnSync('curl', ['--version']).status !== 0) skip('there is no curl')
  const tasks = [await enqueue('shell'), await enqueue('shell')]
  start('sh', ['-c', block('curl')])
  for (const id of tasks)
    expect(await ended(id)).toMatchObject({ status: 'done', result: { files: expect.any(Number) } })
})

test('Python is a worker with its standard library; what fails there is kept with the reason', async ({ skip }) => {
  if (spawnSync('python3', ['--version']).status !== 0) skip('there is no python3')
  const good = await enqueue('python', { text: 'three small words' })
  const { task: bad } = await client.enqueueTask({
    params,
    body: { queue: 'python', kind: 'k', payload: {}, maxAttempts: 1 },
  })
  start('python3', ['-c', block('Python')])
  expect(await ended(good)).toMatchObject({ status: 'done', result: { words: 3 } })
  expect(await ended(bad)).toMatchObject({ status: 'dead', error: expect.stringContaining('text') })
})

/** `core worker` that runs this program for each task. */
async function startWorker(queue: string, program: string, options: readonly string[] = []): Promise<ChildProcess> {
  const file = join(folder, `${queue}.mjs`)
  await writeFile(file, program)
  const args = [main, 'worker', '--queue', queue, '--poll', '50', ...options, '--', process.execPath, file]
  const child = start(process.execPath, args)
  await once(child.stderr ?? child, 'data')
  return child
}

const readTask = `import { text } from 'node:stream/consumers'; const task = JSON.parse(await text(process.stdin));`

test('core worker runs a command for each task: its output is the result, its failure the reason', async () => {
  await startWorker(
    'command',
    `${readTask}
    if (task.payload.fail) { console.error('no such picture'); process.exit(3) }
    console.log(JSON.stringify({ width: task.payload.width * 2, fence: process.env.CORE_TASK_FENCE === String(task.fence) }))`,
    ['--concurrency', '2'],
  )
  const tasks = [await enqueue('command', { width: 2 }), await enqueue('command', { width: 3 })]
  const { task: bad } = await client.enqueueTask({
    params,
    body: { queue: 'command', kind: 'k', payload: { fail: true }, maxAttempts: 1 },
  })
  const results = await Promise.all(tasks.map(ended))
  expect(results.map(({ result }) => result)).toEqual([
    { width: 4, fence: true },
    { width: 6, fence: true },
  ])
  expect(await ended(bad)).toMatchObject({ status: 'dead', error: expect.stringMatching(/3: no such picture/) })
})

test('its beats survive a command that blocks for longer than the lease, and SIGTERM lets it end', async () => {
  const worker = await startWorker(
    'block',
    `console.error('begun'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4500); console.log('"slow"')`,
    ['--lease', '3'],
  )
  const id = await enqueue('block')
  await pause(2_000)
  worker.kill('SIGTERM')
  const [code] = await once(worker, 'exit')
  expect(code).toBe(0)
  expect(await ended(id)).toMatchObject({ status: 'done', attempt: 1, result: 'slow' })
})

test('a second SIGTERM ends it at once, whatever runs', async () => {
  const worker = await startWorker('impatient', `setTimeout(() => {}, 60_000)`, ['--drain', '600'])
  const id = await enqueue('impatient')
  while ((await client.getTask({ params: { ...params, id } })).status !== 'running') await pause(50)
  const ending = once(worker, 'exit')
  worker.kill('SIGTERM')
  await pause(500)
  expect(worker.exitCode).toBeNull() // it waits for what runs
  worker.kill('SIGTERM')
  expect(await ending).toEqual([1, null])
})

test('it works on a queue that another project shares', async () => {
  await on.database.rpc('project_register', { p_name: 'sharer' })
  const owner = createClient({ url: plane.url, key: ownerKey })
  await owner.putShare({
    params: { project: 'sharer', kind: 'queue', name: 'lent', grantee: 'worked' },
    body: { rights: ['work'] },
  })
  const at = { project: 'sharer' }
  const { task: id } = await owner.enqueueTask({ params: at, body: { queue: 'lent', kind: 'k' } })
  await startWorker('lent', `console.log('"lent"')`, ['--owner', 'sharer'])
  await expect
    .poll(() => owner.getTask({ params: { ...at, id } }), { timeout: 20_000 })
    .toMatchObject({ status: 'done', result: 'lent' })
})

test('stopped for longer than it drains, it gives the task back, and the attempt is not counted', async () => {
  const worker = await startWorker('drain', `setTimeout(() => {}, 60_000)`, ['--drain', '0'])
  const id = await enqueue('drain')
  while ((await client.getTask({ params: { ...params, id } })).status !== 'running') await pause(50)
  worker.kill('SIGTERM')
  await once(worker, 'exit')
  expect(await client.getTask({ params: { ...params, id } })).toMatchObject({ status: 'ready', attempt: 0 })
})
