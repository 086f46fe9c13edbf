import { CoreError } from '@core/foundation'
import { expect, test } from 'vitest'
import { fingerprintOf } from './fingerprint.ts'

/** An error as if it had been thrown on another machine. */
function thrownAt(stack: readonly string[], error: Error = new Error('x')): Error {
  error.stack = `${error.name}: ${error.message}\n${stack.map((line) => `    at ${line}`).join('\n')}`
  return error
}

const here = [
  'toPage (/srv/core/apps/control-plane/src/page.ts:9:11)',
  'process.processTicks (node:internal/process:95:5)',
]

test('lines, columns, folders and messages do not matter; the place in the code does', () => {
  const first = fingerprintOf(thrownAt(here), 'GET /a')
  const moved = [
    'Object.toPage (file:///C:\\deploy\\apps\\control-plane\\src\\page.ts:77:3)',
    'at node:internal/timers:1:1',
  ]
  expect(fingerprintOf(thrownAt(moved, new Error('y')), 'GET /b').fingerprint).toBe(first.fingerprint)
  expect(first).toMatchObject({ name: 'Error', code: null, frames: ['toPage apps/control-plane/src/page'] })
  expect(first.fingerprint).toMatch(/^[0-9a-f]{32}$/)
  const elsewhere = ['toAnswer (/srv/core/apps/control-plane/src/denial.ts:9:11)']
  expect(fingerprintOf(thrownAt(elsewhere), 'GET /a').fingerprint).not.toBe(first.fingerprint)
})

test('a package that was installed has the frames of the workspace', () => {
  const source = ['async send (/srv/packages/database/src/drivers/supabase.ts:60:11)']
  const installed = ['async send (/app/node_modules/@core/database/dist/drivers/supabase.js:12:34)']
  expect(fingerprintOf(thrownAt(source), '').fingerprint).toBe(fingerprintOf(thrownAt(installed), '').fingerprint)
})

test('frames of others are left out, and without any of ours the place distinguishes failures', () => {
  const foreign = ['Parser.parse (/srv/core/node_modules/pg/lib/client.js:1:1)', 'node:net:200:1']
  const [one, two] = ['GET /a', 'GET /b'].map((place) => fingerprintOf(thrownAt(foreign), place))
  expect(one?.frames).toEqual([])
  expect(one?.fingerprint).not.toBe(two?.fingerprint)
})

test('the code counts, and the SQLSTATE with it; of a wrapped failure the inner frames come first', () => {
  const cause = thrownAt(['inner (/srv/packages/database/src/a.ts:1:1)'])
  const wrap = (sqlstate: string) =>
    thrownAt(
      ['outer (/srv/apps/control-plane/src/b.ts:1:1)'],
      new CoreError('E_INTERNAL', 'x', { cause, details: { sqlstate } }),
    )
  expect(fingerprintOf(wrap('XX000'), '')).toMatchObject({
    name: 'CoreError',
    code: 'E_INTERNAL XX000',
    frames: ['inner packages/database/src/a', 'outer apps/control-plane/src/b'],
  })
  expect(fingerprintOf(wrap('XX000'), '').fingerprint).not.toBe(fingerprintOf(wrap('XX001'), '').fingerprint)
})

test.each(['text', null, undefined, 7, { message: 'x' }])('%j can be thrown, too', (thrown) => {
  expect(fingerprintOf(thrown, 'GET /a')).toMatchObject({ name: typeof thrown, code: null, frames: [] })
})

test('a real error of this process names this package', () => {
  function fail(): never {
    throw new TypeError('x')
  }
  try {
    fail()
  } catch (error) {
    expect(fingerprintOf(error, '').frames[0]).toBe('fail apps/control-plane/src/observe/fingerprint.test')
  }
})
