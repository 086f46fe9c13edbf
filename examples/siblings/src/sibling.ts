import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { type TaskWorker, workTasks } from '@core/coordinator'
import { isCoreError, isObject } from '@core/foundation'
import { type Core, openCore } from '@core/sdk'
import { type CreateTaskHandlers, payForDone } from './task-handlers.ts'

/** What a request is answered with: JSON. */
export type Route = (body: Readonly<Record<string, unknown>>, core: Core) => Promise<object>

export interface SiblingOptions {
  readonly project: string
  /** Whose tasks it takes while no process of it is online. It shares its queue with the right `work`. */
  readonly sibling: string
  /** Its own queue. */
  readonly queue: string
  readonly siblingQueue: string
  readonly handlers: CreateTaskHandlers
  /** By `METHOD /path`. */
  readonly routes: Readonly<Record<string, Route>>
  /** Shared at the start, once. */
  readonly insight: { readonly category: string; readonly title: string; readonly expectedBasisPoints: number }
}

/** Seconds after which a killed process counts as gone, and its tasks are claimed again. */
const ttlSeconds = 3

/** Runs a sibling until SIGTERM or SIGINT: an HTTP service, a worker, and a look at how the other one is. */
export async function runSibling(options: SiblingOptions): Promise<void> {
  const { project, queue } = options
  const core = await openCore({
    project,
    require: 'live',
    timeoutMs: 30_000,
    coordinator: { join: { name: `${project} ${process.pid}`, ttlSeconds } },
  })
  const stopping = new AbortController()
  const worker = await core.coordinator.startWorker({
    queues: [queue],
    handlers: options.handlers(core, project),
    leaseSeconds: ttlSeconds,
    pollMs: 250,
  })
  const server = createServer((request, response) => void serve(options.routes, core, request, response))
  await new Promise<void>((resolve) => server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', resolve))
  const address = server.address()
  console.log(`${project} serves http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)

  const watching = Promise.all([
    watchSibling(options, core, stopping.signal),
    payQueue(core, queue, stopping.signal),
    exchangeInsights(options, core, stopping.signal),
    readInbox(core, stopping.signal),
  ])
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  stopping.abort()
  server.close()
  server.closeAllConnections()
  await worker.stop()
  await watching
  await core.close()
}

/** Works on the other's queue while it is offline. */
async function watchSibling(
  { sibling, siblingQueue, handlers: createHandlers }: SiblingOptions,
  core: Core,
  signal: AbortSignal,
): Promise<void> {
  let helping: TaskWorker | undefined
  const handlers = createHandlers(core, sibling)
  await repeat(signal, async () => {
    let isOffline = false
    for await (const { project, status } of core.coordinator.manifest()) {
      if (project === sibling) isOffline = status === 'offline'
    }
    if (isOffline && helping === undefined) {
      console.log(`${sibling} is offline: taking over its tasks`)
      const tasks = core.coordinator.tasksOf(sibling)
      helping = await workTasks({ tasks }, { queues: [siblingQueue], handlers, leaseSeconds: ttlSeconds, signals: [] })
    } else if (!isOffline && helping !== undefined) {
      console.log(`${sibling} is online again`)
      const ended = helping
      helping = undefined
      await ended.stop()
    }
  })
  await helping?.stop()
}

/** Pays for what others have done of its own queue. */
async function payQueue(core: Core, queue: string, signal: AbortSignal): Promise<void> {
  const paid = new Set<string>()
  await repeat(signal, () => payForDone(core, queue, paid, signal))
}

/** Shares what this one has learnt, and adopts what the other one has. */
async function exchangeInsights({ project, sibling, insight }: SiblingOptions, core: Core, signal: AbortSignal) {
  await repeat(signal, async () => {
    await core.coordinator.insights.share({ ...insight, key: `${project}: ${insight.title}` })
    for await (const { insight: id } of core.coordinator.insights.list({ open: true, author: sibling })) {
      await core.coordinator.insights.decide(id, { decision: 'adopted', effectBasisPoints: 1_000 })
    }
  })
}

/** Notes what the tasks report. */
async function readInbox(core: Core, signal: AbortSignal): Promise<void> {
  await repeat(signal, async () => {
    for await (const message of core.coordinator.messages.inbox({ signal, visibleSeconds: ttlSeconds })) {
      await message.ack()
    }
  })
}

/** Again and again; a failure is tried again with the next turn. */
async function repeat(signal: AbortSignal, turn: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await turn().catch((error: unknown) => console.error(isCoreError(error) ? error.message : error))
    await setTimeout(500, undefined, { signal }).catch(() => undefined)
  }
}

async function serve(
  routes: SiblingOptions['routes'],
  core: Core,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const send = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  try {
    const route = routes[`${request.method} ${request.url}`]
    if (route === undefined) return void send(404, { code: 'not_found' })
    send(200, await route(await readBody(request), core))
  } catch (error) {
    if (!isCoreError(error)) console.error(error)
    const code = isCoreError(error) ? String(error.details['reason'] ?? error.code) : 'internal'
    send(isCoreError(error, 'E_CONFLICT') ? 402 : 503, { code })
  }
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > 100_000) throw new RangeError('the body is too large')
  }
  const body: unknown = text === '' ? {} : JSON.parse(text)
  return isObject(body) ? body : {}
}
