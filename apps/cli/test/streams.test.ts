import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCore, startCore } from './core-here.ts'
import { createRoom, type RunningCore, runCoreProcess } from './core-process.ts'

const room = createRoom()
let running: RunningCore
beforeAll(async () => {
  running = await startCore({ cwd: room.folder })
})
afterAll(async () => {
  await running?.stop()
  room[Symbol.dispose]()
})

const key = () => running.keys['smart_layer'] ?? ''
const core = (args: string[], stdin = '', env: Record<string, string> = {}, run = runCore) =>
  run(args, { cwd: room.folder, env: { CORE_URL: running.url, ...env }, stdin })

describe('standard input', () => {
  test('a key on it serves every call of a verb', async () => {
    const { code, stdout, stderr } = await core(['credits', 'balance', '--key-stdin'], `${key()}\n`, {}, runCoreProcess)
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ account: 'smart_layer' })
  })

  test.each([
    ['credits', 'batch'],
    ['call', 'reserveHold', '--input', '-'],
    ['api', 'POST', '/v1/projects/current/holds', '--body', '-'],
    ['keys', 'verify'],
  ])('it holds one thing: core %s %s with --key-stdin is refused', async (...args) => {
    const { code, stderr } = await core([...args, '--key-stdin'], `${key()}\n`)
    expect(code).toBe(2)
    expect(stderr).toMatch(/standard input .*already/)
    expect(stderr).not.toContain(key())
  })
})

describe('output that is lost', () => {
  const shell = (command: string) => {
    const main = join(import.meta.dirname, '../src/main.ts')
    const child = spawn('bash', ['-c', command.replaceAll('core ', `"$NODE" "${main}" `)], {
      cwd: room.folder,
      env: {
        PATH: process.env['PATH'],
        HOME: room.folder,
        NODE: process.execPath,
        CORE_URL: running.url,
        CORE_OWNER_KEY: running.keys['owner'],
      },
    })
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    return new Promise<{ code: number | null; stderr: string }>((resolve) =>
      child.on('close', (code) => resolve({ code, stderr })),
    )
  }

  test('is an error, and a key that is shown once goes to standard error instead', async () => {
    const { code, stderr } = await shell('core keys create full --project smart_layer > /dev/full')
    expect(code, stderr).toBe(1)
    expect(stderr).toContain('ENOSPC')
    expect(stderr).toMatch(/ck_live_\w+/)
  })

  test('what can be asked for again is not repeated there', async () => {
    const { code, stderr } = await shell('core credits balance smart_layer > /dev/full')
    expect(code, stderr).toBe(1)
    expect(stderr).toContain('ENOSPC')
    expect(stderr).not.toContain('available')
  })

  test('a reader that has gone away is no success', async () => {
    const { code, stderr } = await shell('set -o pipefail; core keys list --project smart_layer | true')
    expect(code, stderr).toBe(1)
    expect(stderr).toContain('EPIPE')
  })
})

test('with --json an error is one JSON object, and names the key to repeat with', async () => {
  await using server = createServer((request) => request.socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const { code, stderr } = await core(['credits', 'charge', 'smart_layer', '1', '--json'], undefined, {
    CORE_URL: url,
    CORE_KEY: key(),
  })
  expect(code).toBe(7)
  expect(JSON.parse(stderr).error.details.idempotencyKey).toMatch(/^[0-9a-f-]{36}$/)
})

test('--version is what core version says', async () => {
  const { code, stdout } = await core(['--version'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
