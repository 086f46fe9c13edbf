import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from '@core/api/client'
import { createTestDatabase } from '@core/database/testing'
import { uuidv7 } from '@core/foundation'
import { expect, test } from 'vitest'
import { startProgram } from './start-program.ts'

const projects = Array.from({ length: 10 }, (_, at) => `p${at}`)
/** Of each project as many wait at its inbox, and as many at its queue. */
const each = 50
const total = 2 * each * projects.length
const idleMs = 20_000
const CORE_OWNER_KEY = 'owner-key-of-the-long-polls-0123456789'

/** Seconds of CPU and megabytes of memory. */
function usageOf(pid: number): { cpu: number; memory: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [utime, stime] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number)
  const memory = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { cpu: ((utime ?? 0) + (stime ?? 0)) / 100, memory: Number(memory) / 1024 }
}

test('a thousand requests wait at one control plane at little cost, and each is answered with what is its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-polls-'))
  const shared = await createTestDatabase()
  const agent = new Agent({ keepAlive: true, maxSockets: total })
  const { url, child } = await startProgram(folder, { CORE_OWNER_KEY, CORE_DATABASE_URL: shared.url })
  try {
    const keys = new Map<string, string>()
    const owner = createClient({ url, key: CORE_OWNER_KEY })
    for (const project of projects) {
      await shared.database.rpc('project_register', { p_name: project })
      keys.set(project, (await owner.createApiKey({ params: { project }, body: { name: 'polls' } })).secret ?? '')
    }
    const post = (project: string, path: string, body: object) => {
      const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string; at: number }>()
      const headers = {
        authorization: `Bearer ${keys.get(project)}`,
        'content-type': 'application/json',
        'idempotency-key': uuidv7(),
      }
      const sent = request(`${url}/v1/projects/${project}/${path}`, { method: 'POST', agent, headers }, (response) => {
        let text = ''
        response.on('data', (chunk) => (text += chunk))
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text, at: performance.now() }))
      })
      sent.on('error', reject)
      sent.end(JSON.stringify(body))
      return promise
    }
    for (const project of projects) await post(project, 'tasks/claim', { queues: ['q'], worker: 'w' }) // what a first call costs
    const before = usageOf(child.pid ?? 0)
    const found: string[] = []
    const failed: unknown[] = []
    let shed = 0
    /** As a process waits: again and again, until there is something. Resolves with the time of the answer. */
    async function waitFor(project: string, path: string, body: object): Promise<number> {
      for (;;) {
        const { status, text, at } = await post(project, path, { ...body, waitSeconds: 20 })
        const { tasks = [], messages = [], retryable = false } = JSON.parse(text)
        if (retryable) {
          shed++
          await pause(500 + Math.random() * 1_000)
          continue
        }
        if (status !== 200) failed.push(text)
        for (const { task, delivery } of [...tasks, ...messages]) found.push(task ?? delivery)
        if (status !== 200 || tasks.length + messages.length > 0) return at
      }
    }
    const waiting: Promise<number>[] = []
    for (let at = 0; at < each; at++) {
      for (const project of projects) {
        waiting.push(waitFor(project, 'tasks/claim', { queues: ['q'], worker: `w${at}` }))
        waiting.push(waitFor(project, 'inbox/receive', { limit: 1 }))
      }
      await pause(100)
    }
    await pause(15_000)
    const since = usageOf(child.pid ?? 0)
    await pause(idleMs)
    const until = usageOf(child.pid ?? 0)
    const startedAt = performance.now()
    for (const [index, project] of projects.entries()) {
      const sender = projects[(index + 1) % projects.length] ?? ''
      for (let at = 0; at < each; at++) {
        await shared.database.rpc('message_send', { p_key: uuidv7(), p_to: project, p_type: 't', p_project: sender })
      }
      const p_tasks = Array.from({ length: each }, () => ({ key: uuidv7(), kind: 'k' }))
      await shared.database.rpc('task_enqueue', { p_queue: 'q', p_tasks, p_project: project })
    }
    const answeredAt = await Promise.all(waiting)
    const share = (100_000 * (until.cpu - since.cpu)) / idleMs
    const took = Math.max(...answeredAt) - startedAt
    process.stdout.write(
      `\n${total} requests wait: ${(until.memory - before.memory).toFixed(0)} MB more, ${share.toFixed(1)} % of a core; all answered after ${took.toFixed(0)} ms; ${shed} sent again\n`,
    )
    expect(failed).toEqual([])
    expect(new Set(found).size).toBe(found.length)
    expect(found).toHaveLength(total)
    // A query a second for each of them would take whole cores.
    expect(share).toBeLessThan(25)
    expect(until.memory - before.memory).toBeLessThan(250)
  } finally {
    child.kill('SIGKILL')
    agent.destroy()
    await shared.drop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
