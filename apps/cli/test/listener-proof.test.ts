import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { makeListenerSecret } from '@core/config'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRoom, startCoreProcess } from './core-process.ts'
import { runInProcess } from './run-in-process.ts'

const key = 'an-owner-key-of-my-own-0123456789'
let room: ReturnType<typeof createRoom>
const strangers: Server[] = []
beforeEach(() => {
  room = createRoom()
})
afterEach(async () => {
  for (const stranger of strangers.splice(0)) await new Promise((resolve) => stranger.close(resolve))
  room[Symbol.dispose]()
})

/** A program on Core's port that answers like Core and keeps what it is sent. */
async function openStranger(answer: object = { status: 'healthy', proof: 'x'.repeat(43) }) {
  const sent: string[] = []
  const server = createServer((request, response) => {
    sent.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`)
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
  strangers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { sent, port: String(typeof address === 'object' ? address?.port : 0) }
}

const verbs = [['status'], ['credits', 'balance'], ['api', 'GET', '/v1/me'], ['call', 'getMe'], ['demo'], ['doctor']]

test.each(verbs)('a stranger on the port of this folder gets no key from core %s %s', async (...verb) => {
  const { sent, port } = await openStranger()
  makeListenerSecret(join(room.folder, '.core'))
  const env = { CORE_HTTP_PORT: port, CORE_KEY: key, CORE_OWNER_KEY: key }
  const { code, stdout, stderr } = await runInProcess(verb, { cwd: room.folder, env })
  expect(sent.join('\n')).not.toContain(key)
  expect(sent.length).toBeGreaterThan(0)
  expect(code).not.toBe(0)
  expect(stdout + stderr).toMatch(
    verb[0] === 'doctor' ? /process \d+ \(.*\) listens on/ : /is not the control plane of/,
  )
})

test('without a secret in the folder nothing can be proved, so the address has to be named', async () => {
  const { sent, port } = await openStranger()
  const env = { CORE_HTTP_PORT: port, CORE_KEY: key }
  const unnamed = await runInProcess(['api', 'GET', '/v1/me'], { cwd: room.folder, env })
  expect(unnamed).toMatchObject({ code: 3, stderr: expect.stringContaining('CORE_URL') })
  expect(sent.join('\n')).not.toContain(key)
  const named = { ...env, CORE_URL: `http://127.0.0.1:${port}` }
  expect(await runInProcess(['api', 'GET', '/v1/me'], { cwd: room.folder, env: named })).toMatchObject({ code: 0 })
  expect(sent.join('\n')).toContain(key)
})

test('an answer fetched from the real control plane on another port proves nothing', async () => {
  const core = await startCoreProcess({ cwd: room.folder })
  try {
    const { sent, port } = await openRelay(core.url)
    const { code } = await runInProcess(['status'], { cwd: room.folder, env: { CORE_HTTP_PORT: port } })
    expect(code).toBe(3)
    expect(sent).toEqual([undefined])
    const own = { CORE_HTTP_PORT: new URL(core.url).port }
    expect(await runInProcess(['status'], { cwd: room.folder, env: own })).toMatchObject({ code: 0, stderr: '' })
  } finally {
    await core.stop()
  }
})

async function openRelay(url: string) {
  const sent: (string | undefined)[] = []
  const server = createServer(async (request, response) => {
    sent.push(request.headers.authorization)
    response.end(await (await fetch(`${url}${request.url}`)).text())
  })
  strangers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { sent, port: String(typeof address === 'object' ? address?.port : 0) }
}
