import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { startProgram } from './start-program.ts'

const ownerKey = 'owner-key-of-the-load-tests-0123456789'

/** Half of the workers keep their connection, the other half opens one for each request. */
export const workers = 40

export interface LoadedProcess {
  readonly port: number
  readonly child: ChildProcess
  /** Resolves with exit code and signal. */
  readonly ended: Promise<unknown[]>
}

/** Starts the program on a data folder; resolves when it listens. */
export async function startLoaded(folder: string): Promise<LoadedProcess> {
  const { url, child } = await startProgram(folder, { CORE_OWNER_KEY: ownerKey })
  return { port: Number(new URL(url).port), child, ended: once(child, 'exit') }
}

interface Answer {
  readonly status: number
  readonly text: string
}

function send(port: number, agent: Agent | false, method: string, path: string, idempotencyKey = ''): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const headers = {
    authorization: `Bearer ${ownerKey}`,
    'content-type': 'application/json',
    'idempotency-key': idempotencyKey,
  }
  const sent = request({ port, agent, host: '127.0.0.1', method, path, headers }, (response) => {
    let text = ''
    response.on('data', (chunk) => (text += chunk))
    response.on('error', reject)
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
  })
  sent.on('error', reject)
  sent.end(method === 'POST' ? '{"account":"smart_layer","amount":1}' : undefined)
  return promise
}

/** How long an answer may say that another try is worth it: longer than a breaker stays open on a busy machine. */
const againForMs = 30_000

/**
 * Sent again with the same key where the answer says so, as clients do: on a busy machine the server sheds requests, or
 * its database takes too long. @throws when such an answer left the outcome open and the server ended.
 */
async function charge(port: number, agent: Agent | false, key: string): Promise<Answer> {
  let open: { readonly answer: Answer; readonly at: number } | undefined
  for (;;) {
    const answer = await send(port, agent, 'POST', '/v1/projects/smart_layer/charges', key).catch((error: unknown) => {
      throw open === undefined ? error : new Error(`left open by ${JSON.stringify(open.answer)}`, { cause: error })
    })
    if (!isWorthAnotherTry(answer)) return answer
    if (!isShed(answer)) open ??= { answer, at: performance.now() }
    if (open && performance.now() - open.at > againForMs) return answer
    await sleep(50)
  }
}

function isWorthAnotherTry({ status, text }: Answer): boolean {
  return status >= 500 && JSON.parse(text).retryable === true
}

/** Refused before anything was done for it. */
function isShed({ text }: Answer): boolean {
  return /the server is overloaded|too many database calls in flight/.test(text)
}

export interface Load {
  /** Transactions by idempotency key. */
  readonly accepted: Map<string, number>
  /** Answers, and codes of failed connections but refused ones. */
  readonly failed: unknown[]
  /** When each worker was refused a connection, by `performance.now()`. */
  readonly refusedAt: number[]
  /** Resolves when every worker was refused or has failed. */
  readonly over: Promise<unknown>
}

/** Workers that charge, each again a pause after its answer, until connections are refused. */
export function startLoad(port: number, name: string, pauseMs: number): Load {
  const load = { accepted: new Map<string, number>(), failed: [] as unknown[], refusedAt: [] as number[] }
  const work = async (worker: number) => {
    const agent = worker % 2 === 0 && new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      for (let index = 0; ; index++) {
        const key = `${name}-${worker}-${index}`
        const answer = await charge(port, agent, key)
        if (answer.status === 201) load.accepted.set(key, JSON.parse(answer.text).tx)
        else load.failed.push(answer)
        await sleep(Math.random() * 2 * pauseMs)
      }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : error
      if (code === 'ECONNREFUSED') load.refusedAt.push(performance.now())
      else load.failed.push(code)
    } finally {
      if (agent) agent.destroy()
    }
  }
  return { ...load, over: Promise.all(Array.from({ length: workers }, (_, worker) => work(worker))) }
}

/** When readiness first says no, by `performance.now()`. Asked as a load balancer does, on a new connection each time. */
export async function untilNotReady(port: number): Promise<number> {
  for (;;) {
    const { status } = await send(port, false, 'GET', '/readyz')
    if (status === 503) return performance.now()
    await sleep(20)
  }
}

/** Sends every charge that was accepted once more; resolves with those that are not known with their transaction. */
export async function findLost(port: number, accepted: ReadonlyMap<string, number>): Promise<unknown[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const lost: unknown[] = []
  const repeat = async ([key, tx]: [string, number]) => {
    const { status, text } = await charge(port, agent, key)
    const answer = JSON.parse(text)
    if (status !== 201 || !answer.replayed || answer.tx !== tx) lost.push({ key, tx, status, text })
  }
  await Promise.all([...accepted].map(repeat))
  agent.destroy()
  return lost
}

/** What all charges together took. */
export async function readSpent(port: number): Promise<number> {
  const { text } = await send(port, false, 'GET', '/v1/projects/smart_layer/accounts/smart_layer/balance')
  return JSON.parse(text).spent
}
