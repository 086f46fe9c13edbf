import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { hideSecrets } from './log.ts'

const module = JSON.stringify(new URL('./log.ts', import.meta.url).href)

/** Runs a program that has `log`, and gives its lines as they come. */
function run(program: string) {
  const source = `import { createLogger } from ${module}; const log = createLogger('info'); ${program}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'ignore', 'pipe'] })
  return { child, lines: createInterface({ input: child.stderr })[Symbol.asyncIterator]() }
}

test('what is named as a secret is hidden, in the fields and in what they hold; the rest stays the same object', () => {
  expect(hideSecrets({ secret: 'a', headers: { authorization: 'b', host: 'c' }, key: { secret: 'd' } })).toEqual({
    secret: '[redacted]',
    headers: { authorization: '[redacted]', host: 'c' },
    key: { secret: '[redacted]' },
  })
  const harmless = { requestId: 'r', nothing: null, list: [1], nested: { a: 1 } }
  expect(hideSecrets(harmless)).toBe(harmless)
})

test('a line is written soon, though nothing follows it', async () => {
  const { child, lines } = run(`log.info({ n: 1 }, 'first'); setInterval(() => {}, 1000)`)
  try {
    const line = JSON.parse((await lines.next()).value ?? '')
    expect(line).toEqual({ level: 30, time: expect.any(String), n: 1, msg: 'first' })
    expect(new Date(line.time).toISOString()).toBe(line.time)
    expect(Math.abs(Date.parse(line.time) - Date.now())).toBeLessThan(60_000)
  } finally {
    child.kill('SIGKILL')
  }
})

test('a process that ends, also by a fault, has written every line, with its failures and without their secrets', async () => {
  const fault = `Object.assign(new Error('broke'), { secret: 'hidden', why: 'shown' })`
  const { child, lines } = run(
    `for (let n = 0; n < 500; n++) log.info({ n, text: 'ü'.repeat(n * 20) }); log.error({ err: ${fault} }); log.error({ err: 'text' }); throw 1`,
  )
  const exited = once(child, 'exit')
  const read: string[] = []
  for (;;) {
    const { done, value } = await lines.next()
    if (done) break
    if (value.startsWith('{')) read.push(value)
  }
  expect((await exited)[0]).toBe(1)
  const records = read.map((line) => JSON.parse(line))
  expect(records.slice(0, 500).map(({ n }) => n)).toEqual(Array.from({ length: 500 }, (_, n) => n))
  expect(records[500].err).toMatchObject({
    message: 'broke',
    secret: '[redacted]',
    why: 'shown',
    stack: expect.any(String),
  })
  expect(records[501].err).toBe('text')
})
