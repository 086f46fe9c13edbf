import { EventEmitter } from 'node:events'
import { silentLogger } from '@core/foundation'
import { expect, test } from 'vitest'
import { closeOnSignal } from './shutdown.ts'

function setUp(close: () => Promise<void>, limitMs = 60_000, hasTerminal = true) {
  const signals = new EventEmitter()
  const options = { close, limitMs, hasTerminal, logger: silentLogger, signals: signals as NodeJS.Process }
  return { signals, ended: closeOnSignal(options) }
}

test('the second signal changes nothing: closing runs once and to its end', async () => {
  const gate = Promise.withResolvers<void>()
  let closed = 0
  const { signals, ended } = setUp(async () => {
    await gate.promise
    closed++
  })
  signals.emit('SIGINT')
  signals.emit('SIGINT')
  signals.emit('SIGTERM')
  expect(closed).toBe(0)
  gate.resolve()
  await ended
  expect(closed).toBe(1)
})

test('closing that hangs does not hold the process beyond its limit', async () => {
  const { signals, ended } = setUp(() => new Promise(() => {}), 20)
  signals.emit('SIGTERM')
  await ended
})

test('closing that fails is a failure', async () => {
  const { signals, ended } = setUp(() => Promise.reject(new Error('disk full')))
  signals.emit('SIGTERM')
  await expect(ended).rejects.toThrow('disk full')
})

test('a hang-up ends a process on a terminal, and no other', async () => {
  const closed: boolean[] = []
  for (const hasTerminal of [false, true]) {
    const { signals, ended } = setUp(async () => void closed.push(hasTerminal), 60_000, hasTerminal)
    signals.emit('SIGHUP')
    if (hasTerminal) await ended
  }
  expect(closed).toEqual([true])
})
