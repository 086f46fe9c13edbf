import { spawn } from 'node:child_process'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openEmbeddedDatabase } from '@core/database/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createFlags, declareFlags } from '../src/index.ts'
import { connect, type FlagClient, type FlagServer, openFlagDatabase, openFlagServer } from './flag-server.ts'

const declarations = declareFlags({
  fast: { description: 'Goes fast.', default: false },
  order: { description: 'What the router prefers.', default: 'price', schema: z.enum(['price', 'health', 'random']) },
})
const projects = ['smart_layer', 'manus_origin'] as const
const units = Array.from({ length: 500 }, (_, index) => `user-${index}`)

let server: FlagServer
let owner: FlagClient
beforeAll(async () => {
  server = await openFlagServer()
  owner = await connect(server.url)
})
afterAll(async () => {
  await owner[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await owner.query(`select core_api.flag_clear(name, project) from core.flag`)
})

const set = (name: string, value: unknown, options: { project?: string; rolloutBasisPoints?: number } = {}) =>
  owner.call('flag_set', {
    p_name: name,
    p_value: JSON.stringify(value),
    p_project: options.project ?? null,
    p_rollout_bp: options.rolloutBasisPoints ?? 10_000,
  })

/** Flags of one project on connections of their own, as another process has them. */
async function open(project: string | undefined, options: { hints?: boolean; pollMs?: number } = {}) {
  const database = await openFlagDatabase(server.url, options)
  const flags = createFlags({ declarations, database, project, pollMs: options.pollMs ?? 1_000 })
  await flags.refresh()
  return {
    flags,
    async [Symbol.asyncDispose]() {
      await flags.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** Milliseconds until it holds. */
async function untilTrue(holds: () => boolean): Promise<number> {
  const startedAt = performance.now()
  await expect.poll(holds, { timeout: 30_000, interval: 5 }).toBe(true)
  return performance.now() - startedAt
}

describe('a change', () => {
  test('reaches every reader by polling alone', async () => {
    await using smart = await open('smart_layer')
    await using manus = await open('manus_origin')
    for (const value of [true, false, true]) {
      await pause(Math.random() * 500)
      await set('fast', value)
      await untilTrue(() => smart.flags.get('fast') === value && manus.flags.get('fast') === value)
    }
  })

  test('reaches a reader that hears hints long before it would poll', async () => {
    await using smart = await open('smart_layer', { hints: true, pollMs: 60_000 })
    await pause(100) // the listener connects in the background
    await set('fast', true)
    await untilTrue(() => smart.flags.get('fast'))
  })

  test('reaches two other processes', async () => {
    const readers = projects.map((project) => {
      const file = fileURLToPath(new URL('flag-reader.ts', import.meta.url))
      const child = spawn(process.execPath, [file, server.url, project], { stdio: ['pipe', 'pipe', 'inherit'] })
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
      const next = async () => (await lines.next()).value
      const exit = new Promise((resolve) => child.once('exit', resolve))
      return { next, end: () => child.stdin.end(), exit }
    })
    for (const reader of readers) expect(await reader.next()).toBe('false')
    for (const value of ['true', 'false']) {
      await set('fast', value === 'true')
      expect(await Promise.all(readers.map((reader) => reader.next()))).toEqual([value, value])
    }
    for (const reader of readers) reader.end()
    expect(await Promise.all(readers.map((reader) => reader.exit))).toEqual([0, 0])
  })
})

test('flags follow the embedded database, hints and all', async () => {
  await using database = await openEmbeddedDatabase()
  await using flags = createFlags({ declarations, database, pollMs: 60_000 })
  await flags.refresh()
  await pause(100)
  await database.rpc('flag_set', { p_name: 'fast', p_value: true })
  await untilTrue(() => flags.get('fast'))
})

test('a project override beats one for all beats the default', async () => {
  await using smart = await open('smart_layer')
  await using manus = await open('manus_origin')
  const read = async () => {
    await Promise.all([smart.flags.refresh(), manus.flags.refresh()])
    return [smart.flags.get('order'), manus.flags.get('order')]
  }
  expect(await read()).toEqual(['price', 'price'])
  await set('order', 'health')
  expect(await read()).toEqual(['health', 'health'])
  await set('order', 'random', { project: 'smart_layer' })
  expect(await read()).toEqual(['random', 'health'])
  await owner.call('flag_clear', { p_name: 'order' })
  expect(await read()).toEqual(['random', 'price'])
  await owner.call('flag_clear', { p_name: 'order', p_project: 'smart_layer' })
  expect(await read()).toEqual(['price', 'price'])
})

test('a roll-out gives a unit the same answer everywhere, and raising it only adds units', async () => {
  await using smart = await open('smart_layer')
  await using manus = await open('manus_origin')
  let before: string[] = []
  for (const rolloutBasisPoints of [0, 500, 2500, 5000, 9000, 10_000]) {
    await set('fast', true, { rolloutBasisPoints })
    await Promise.all([smart.flags.refresh(), manus.flags.refresh()])
    const reached = units.filter((unit) => smart.flags.get('fast', { unit }))
    expect(units.filter((unit) => manus.flags.get('fast', { unit }))).toEqual(reached)
    expect(before.filter((unit) => !reached.includes(unit))).toEqual([])
    before = reached
  }
  expect(before).toEqual(units)
})

describe('while the server is away', () => {
  test('the last known values hold, a new process has its defaults, and both catch up within two seconds', async () => {
    await set('order', 'health')
    await using known = await open('smart_layer', { hints: true })
    await server.stop()
    await untilTrue(() => known.flags.status().state === 'stale')
    expect(known.flags.get('order')).toBe('health')
    expect(known.flags.status()).toMatchObject({ error: expect.any(Error), checkedAt: expect.any(Number) })

    await using database = await openFlagDatabase(server.url)
    await using fresh = createFlags({ declarations, database, project: 'smart_layer' })
    await expect(fresh.refresh()).rejects.toThrow()
    expect(fresh.status()).toMatchObject({ state: 'defaults', error: expect.any(Error) })
    expect(fresh.get('order')).toBe('price')

    await server.start()
    await owner[Symbol.asyncDispose]()
    owner = await connect(server.url)
    await set('order', 'random')
    await untilTrue(() => known.flags.get('order') === 'random' && fresh.get('order') === 'random')
    expect(known.flags.status().state).toBe('live')
    expect(fresh.status().state).toBe('live')
  })
})
