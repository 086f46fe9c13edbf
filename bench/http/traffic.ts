import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { uuidv7 } from '@core/foundation'
import { z } from 'zod'
import { type Row, toRow } from '../row.ts'
import { quantile } from '../statistics.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'
import { openPlane, ownerKey, type Plane } from './open-plane.ts'

const perMinute = 10_000
const at = '/v1/projects/smart_layer'
const holdSchema = z.object({ hold: z.string() })

interface Answered {
  readonly status: number
  /** From when it was due, so that a server that falls behind cannot hide it. */
  readonly latencyMs: number
}

/** Mixed ledger calls as a fleet sends them, at a rate of their own, on an embedded database on disk; then ten times as many. */
export async function measureTraffic(context: BenchContext): Promise<Row[]> {
  const { isQuick, folder, progress } = context
  await using plane = await openPlane(folder)
  await send(plane, context, { perSecond: perMinute / 60, seconds: isQuick ? 0.2 : 5 }) // warms up
  const usual = await send(plane, context, { perSecond: perMinute / 60, seconds: isQuick ? 1 : 60 })
  progress(`mixed calls: ${usual.length} answered`)
  const errors = usual.filter(({ status }) => status === 0 || status >= 400)
  const latencies = usual.map(({ latencyMs }) => latencyMs)
  await pause(isQuick ? 100 : 2000)
  const burst = await send(plane, context, { perSecond: (perMinute / 60) * 10, seconds: isQuick ? 0.2 : 10 })
  progress(`burst: ${burst.length} answered`)
  const count = (...statuses: number[]) => burst.filter(({ status }) => statuses.includes(status)).length
  const served = count(200, 201)
  const shed = count(429, 503)
  context.describe('answers to 10,000 mixed calls a minute, by status', byStatus(usual))
  context.describe('answers to ten times as many, by status', byStatus(burst))
  const audit = await plane.client.auditLedger()
  if (!audit.clean) throw new Error(`the books are wrong: ${JSON.stringify(audit.violations).slice(0, 500)}`)
  return [
    toRow('10,000 mixed calls a minute: answered', usual.length, 'requests'),
    toRow('10,000 mixed calls a minute: p50', quantile(latencies, 0.5), 'ms'),
    toRow('10,000 mixed calls a minute: p95', quantile(latencies, 0.95), 'ms', goals.mixedP95),
    toRow('10,000 mixed calls a minute: p99', quantile(latencies, 0.99), 'ms'),
    toRow('10,000 mixed calls a minute: errors', errors.length, 'requests', goals.none),
    toRow('ten times as many: served', served, 'requests'),
    toRow('ten times as many: shed with 429 or 503', shed, 'requests'),
    toRow('ten times as many: anything else', burst.length - served - shed, 'requests', goals.none),
  ]
}

/** 0 is a connection that failed. */
function byStatus(answers: readonly Answered[]): Record<string, number> {
  const groups = Map.groupBy(answers, ({ status }) => status)
  return Object.fromEntries([...groups].map(([status, members]) => [String(status), members.length]))
}

interface Due {
  readonly index: number
  readonly dueAt: number
  /** Reserved and not settled yet, oldest first. */
  readonly holds: string[]
}

interface Rate {
  readonly perSecond: number
  readonly seconds: number
}

/** Sends at that rate, whether or not the ones before are answered. */
async function send({ port }: Plane, { signal }: BenchContext, { perSecond, seconds }: Rate): Promise<Answered[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4000 })
  const underWay: Promise<Answered>[] = []
  const holds: string[] = []
  const startedAt = performance.now()
  const requests = Math.round(perSecond * seconds)
  try {
    while (underWay.length < requests) {
      signal.throwIfAborted()
      const dueCount = Math.min(requests, Math.floor(((performance.now() - startedAt) / 1000) * perSecond) + 1)
      while (underWay.length < dueCount) {
        const dueAt = startedAt + (underWay.length / perSecond) * 1000
        underWay.push(callOnce(port, agent, { index: underWay.length, dueAt, holds }))
      }
      await pause(1)
    }
    return await Promise.all(underWay)
  } finally {
    agent.destroy()
  }
}

/** In turn: read a balance, reserve, charge, settle what was reserved. */
async function callOnce(port: number, agent: Agent, { index, dueAt, holds }: Due): Promise<Answered> {
  const ask = (method: string, path: string, body?: object) => exchange({ port, agent, method, path: at + path, body })
  const account = 'smart_layer'
  const hold = index % 4 === 3 ? holds.shift() : undefined
  let answer: { status: number; text: string }
  if (hold !== undefined) answer = await ask('POST', `/holds/${hold}/settle`, { amount: 10 })
  else if (index % 4 === 0) answer = await ask('GET', `/accounts/${account}/balance`)
  else if (index % 4 === 1) {
    answer = await ask('POST', '/holds', { account, amount: 1000, ttlSeconds: 600 })
    if (answer.status === 201) holds.push(holdSchema.parse(JSON.parse(answer.text)).hold)
  } else answer = await ask('POST', '/charges', { account, amount: 10 })
  return { status: answer.status, latencyMs: performance.now() - dueAt }
}

interface Exchange {
  readonly port: number
  readonly agent: Agent
  readonly method: string
  readonly path: string
  readonly body: object | undefined
}

/** Status 0 for a connection that failed. */
function exchange({ port, agent, method, path, body }: Exchange): Promise<{ status: number; text: string }> {
  const { promise, resolve } = Promise.withResolvers<{ status: number; text: string }>()
  const headers = {
    authorization: `Bearer ${ownerKey}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': uuidv7() }),
  }
  const sent = request({ host: '127.0.0.1', port, agent, method, path, headers, timeout: 30_000 }, (response) => {
    let text = ''
    response.on('data', (chunk) => (text += chunk))
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    response.on('error', () => resolve({ status: 0, text }))
  })
  sent.on('timeout', () => sent.destroy())
  sent.on('error', (error) => resolve({ status: 0, text: error.message }))
  sent.end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}
