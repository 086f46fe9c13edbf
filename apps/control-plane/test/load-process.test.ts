import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareEmbeddedFolder, shortLived } from '@core/database/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

/** The program itself under load that keeps its connections, ended as an orchestrator ends it. */

const main = join(import.meta.dirname, '../src/process/main.ts')
const { PATH, NODE_COMPILE_CACHE } = process.env
const inherited = { PATH, NODE_COMPILE_CACHE }
const ownerKey = 'owner-key-of-the-load-tests-0123456789'
const connections = 40
let folder: string
let child: ChildProcess | undefined
const agents: Agent[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-load-'))
  await prepareEmbeddedFolder(folder)
})
afterEach(() => {
  child?.kill('SIGKILL')
  for (const agent of agents.splice(0)) agent.destroy()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Starts it on the same data each time; resolves with its port when it listens. */
async function start(): Promise<number> {
  const running = spawn(process.execPath, [...shortLived, main], {
    cwd: folder,
    env: { ...inherited, CORE_HTTP_PORT: '0', CORE_DATA_DIR: folder, CORE_OWNER_KEY: ownerKey },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  child = running
  const { stdout } = running
  if (stdout === null) throw new Error('it has no output')
  let output = ''
  for await (const chunk of stdout) {
    output += chunk
    const port = /Core is running at http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1]
    if (port === undefined) continue
    stdout.resume()
    return Number(port)
  }
  throw new Error(`it ended before it listened: ${output}`)
}

interface Answer {
  readonly status: number
  readonly tx: number
  readonly replayed: boolean
}

function charge(port: number, agent: Agent, idempotencyKey: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const sent = request(
    {
      port,
      agent,
      host: '127.0.0.1',
      method: 'POST',
      path: '/v1/projects/smart_layer/charges',
      headers: {
        authorization: `Bearer ${ownerKey}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
    },
    (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { tx, replayed } = JSON.parse(text)
        resolve({ status: response.statusCode ?? 0, tx, replayed })
      })
    },
  )
  sent.on('error', reject)
  sent.end('{"account":"smart_layer","amount":1}')
  return promise
}

interface Outcome {
  readonly accepted: Map<string, number>
  readonly failed: unknown[]
  /** Workers whose connection was refused. */
  refused: number
}

/** Forty connections, each charging as fast as it is answered, until connections are refused. */
async function chargeUntilTheEnd(port: number, name: string, outcome: Outcome): Promise<void> {
  const work = async (worker: number) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    agents.push(agent)
    for (let index = 0; ; index++) {
      const key = `${name}-${worker}-${index}`
      try {
        const { status, tx } = await charge(port, agent, key)
        if (status === 201) outcome.accepted.set(key, tx)
        else outcome.failed.push(status)
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : error
        if (code === 'ECONNREFUSED') outcome.refused++
        else outcome.failed.push(code)
        return
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, worker) => work(worker)))
}

/** Sends every charge that was accepted once more: each must be known, with the transaction it had. */
async function expectKept(port: number, accepted: ReadonlyMap<string, number>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  agents.push(agent)
  const lost: unknown[] = []
  const repeat = async ([key, tx]: [string, number]) => {
    const answer = await charge(port, agent, key)
    if (answer.status !== 201 || !answer.replayed || answer.tx !== tx) lost.push({ key, tx, answer })
  }
  await Promise.all([...accepted].map(repeat))
  expect(lost).toEqual([])
}

async function untilAccepted(outcome: Outcome, count: number): Promise<void> {
  await expect.poll(() => outcome.accepted.size, { timeout: 30_000, interval: 20 }).toBeGreaterThan(count)
}

test('SIGTERM under load fails no request, and a restart knows every write that was accepted', {
  timeout: 240_000,
}, async () => {
  const port = await start()
  const outcome: Outcome = { accepted: new Map(), failed: [], refused: 0 }
  const working = chargeUntilTheEnd(port, 'drain', outcome)
  await untilAccepted(outcome, 300)
  const ended = once(child ?? process, 'exit')
  child?.kill('SIGTERM')
  await working
  expect(outcome.failed).toEqual([])
  expect(outcome.refused).toBe(connections)
  expect(await ended).toEqual([0, null])
  await expectKept(await start(), outcome.accepted)
})

test('kill -9 under load loses connections and no write that was accepted', { timeout: 240_000 }, async () => {
  const port = await start()
  const outcome: Outcome = { accepted: new Map(), failed: [], refused: 0 }
  const working = chargeUntilTheEnd(port, 'kill', outcome)
  await untilAccepted(outcome, 300)
  child?.kill('SIGKILL')
  await working
  expect(outcome.failed.filter((failure) => typeof failure === 'number')).toEqual([])
  expect(outcome.failed.length + outcome.refused).toBe(connections)
  await expectKept(await start(), outcome.accepted)
})
