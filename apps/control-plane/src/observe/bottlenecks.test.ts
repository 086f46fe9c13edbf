import { expect, test } from 'vitest'
import { findBottlenecks, type Measured } from './bottlenecks.ts'

const quiet = { count: 1000, totalMs: 1000, p50Ms: 1, p95Ms: 2, p99Ms: 3, maxMs: 4 }
const measured: Measured = {
  routes: [{ ...quiet, method: 'GET', route: '/v1/me', failures: 0 }],
  functions: [{ ...quiet, name: 'ledger_charge', failures: 0 }],
  load: { running: 1, waiting: 0, capacity: 10 },
  waits: quiet,
  loopDelays: quiet,
  isDatabaseAway: false,
}
const slow = (p95Ms: number) => ({ ...quiet, p95Ms, p99Ms: p95Ms, maxMs: p95Ms })

test('where nothing is beyond its limit there is none', () => {
  expect(findBottlenecks(measured)).toEqual([])
})

test('they come worst first, measured by their own limits, each with what to do', () => {
  const found = findBottlenecks({
    ...measured,
    routes: [{ ...slow(300), method: 'GET', route: '/v1/me', failures: 0 }],
    functions: [{ ...slow(1000), name: 'ledger_charge', failures: 2 }],
    waits: slow(100),
    loopDelays: slow(75),
  })
  expect(found.map(({ kind, severity }) => [kind, severity])).toEqual([
    ['function', 10],
    ['pool', 5],
    ['event_loop', 1.5],
    ['route', 1.2],
  ])
  for (const { finding, remedy } of found) expect([finding, remedy].join(' ')).toMatch(/^[A-Z\d].*\..*[A-Z].*\.$/)
  expect(found[1]?.remedy).toContain('CORE_DATABASE_POOL_SIZE above 10')
})

test('a few slow calls are no bottleneck; a database that is away comes before everything', () => {
  const rare = { ...slow(5000), count: 19 }
  expect(findBottlenecks({ ...measured, functions: [{ ...rare, name: 'rare', failures: 0 }] })).toEqual([])
  const found = findBottlenecks({ ...measured, waits: slow(5000), isDatabaseAway: true })
  expect(found.map(({ kind }) => kind)).toEqual(['database', 'pool'])
})

test('more connections are not suggested for the embedded database', () => {
  const [pool] = findBottlenecks({
    ...measured,
    waits: slow(100),
    load: { running: 1, waiting: 7, capacity: 1 },
  })
  expect(pool).toMatchObject({
    finding: expect.stringContaining('7 wait now'),
    remedy: expect.stringContaining('CORE_DATABASE_URL'),
  })
})
