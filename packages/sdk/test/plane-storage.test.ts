import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createPlaneStorage } from '../src/nouns/plane-storage.ts'

/** Something at the address of a control plane that answers as each test says. */
let answer: (request: IncomingMessage, response: ServerResponse) => void
const server = createServer((request, response) => {
  request.resume().once('end', () => answer(request, response))
})
let storage: ReturnType<typeof createPlaneStorage>
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  storage = createPlaneStorage({ url: `http://127.0.0.1:${port}`, key: 'ck_test_of_the_storage_1234567890' })
})
afterAll(() => server.close())
beforeEach(() => {
  answer = (_, response) => json(response, 500, {})
})

const content = Buffer.from('content')
const sha256 = 'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73'

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body))
}

const missing = {
  type: '/problems/not_found',
  title: 'Not found',
  status: 404,
  code: 'not_found',
  detail: 'there is none',
  instance: 'req_1',
  errors: [],
  retryable: false,
}

test('an upload that is answered with 404 is not stored', async () => {
  answer = (_, response) => json(response, 404, missing)
  await expect(storage.upload('a.txt', content)).rejects.toMatchObject({
    code: 'E_NOT_FOUND',
    message: 'there is none',
  })
  answer = (_, response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>')
  await expect(storage.upload('a.txt', content)).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
})

test('an upload is stored where the answer says what was: its size and its hash', async () => {
  const stored = { name: 'a.txt', size: content.length, etag: '"1"', sha256, contentType: 'text/plain', createdAt: '' }
  for (const [body, isStored] of [
    [stored, true],
    [{ ...stored, size: 3 }, false],
    [{ ...stored, sha256: '0'.repeat(64) }, false],
    [{ ok: true }, false],
    [[], false],
  ] as const) {
    answer = (_, response) => json(response, 200, body)
    const upload = storage.upload('a.txt', content, { sha256 })
    if (isStored) expect(await upload).toMatchObject({ size: content.length, sha256 })
    else await expect(upload, JSON.stringify(body)).rejects.toMatchObject({ details: { reason: 'not_stored' } })
  }
})

test('a file is missing where the control plane says so, and not where something else is at its address', async () => {
  answer = (_, response) => json(response, 404, missing)
  expect(await storage.download('a.txt')).toBeNull()
  expect(await storage.head('a.txt')).toBeNull()
  await storage.delete('a.txt')
  answer = (_, response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>')
  await expect(storage.download('a.txt')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  await expect(storage.head('a.txt')).rejects.toThrow()
  await expect(storage.delete('a.txt')).rejects.toThrow()
  answer = (_, response) => json(response, 404, { ...missing, code: 'project_not_found' })
  await expect(storage.download('a.txt')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
})

test('a media type that no header can carry is refused before anything is sent', async () => {
  answer = () => expect.unreachable()
  await expect(storage.upload('a.txt', content, { contentType: 'text/ü' })).rejects.toMatchObject({ code: 'E_INVALID' })
})
