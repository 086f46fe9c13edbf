import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('cache-process.ts', import.meta.url))
let test: TestDatabase

beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.drop())

interface Report {
  readonly loads: number
  readonly values: readonly unknown[]
}

function start(namespace: string, calls: number, loadMs: number, how: 'ok' | 'throw' | 'hang' = 'ok') {
  const child: ChildProcess = fork(program, [test.url, namespace, String(calls), String(loadMs), how])
  const until = async (type: string): Promise<Report> => {
    for (;;) {
      const [message] = await once(child, 'message', { signal: AbortSignal.timeout(25_000) })
      if (message.type === type) return message
    }
  }
  return { child, until, done: until('done') }
}

describe('four processes, 1,000 concurrent misses each', () => {
  it('share one load', async () => {
    const processes = Array.from({ length: 4 }, () => start('herd', 1_000, 300))
    const reports = await Promise.all(processes.map(({ done }) => done))
    expect(reports.reduce((sum, { loads }) => sum + loads, 0)).toBe(1)
    expect(new Set(reports.flatMap(({ values }) => values)).size).toBe(1)
  })

  it('share one failed load', async () => {
    const processes = Array.from({ length: 4 }, () => start('failing', 1_000, 300, 'throw'))
    const reports = await Promise.all(processes.map(({ done }) => done))
    expect(reports.reduce((sum, { loads }) => sum + loads, 0)).toBe(1)
    expect(reports.map(({ values }) => values)).toEqual([['failed'], ['failed'], ['failed'], ['failed']])
  })

  it('load once more when the process that loads is killed', async () => {
    const doomed = start('killed', 1_000, 0, 'hang')
    doomed.done.catch(() => undefined)
    await doomed.until('loading')
    const processes = Array.from({ length: 3 }, () => start('killed', 1_000, 100))
    doomed.child.kill('SIGKILL')
    const reports = await Promise.all(processes.map(({ done }) => done))
    expect(reports.reduce((sum, { loads }) => sum + loads, 0)).toBe(1)
    expect(new Set(reports.flatMap(({ values }) => values)).size).toBe(1)
  })
})
