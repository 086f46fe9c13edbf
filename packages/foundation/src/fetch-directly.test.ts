import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { fetchDirectly } from './fetch-directly.ts'

const asked: string[] = []
const server = createServer(({ url = '' }, response) => {
  asked.push(url)
  const status = Number(url.slice(1))
  response.writeHead(status, status === 304 ? {} : { location: '/200' }).end()
})
let base = ''
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port }: Pick<AddressInfo, 'port'> = Object(server.address())
  base = `http://127.0.0.1:${port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

test.each([301, 302, 303, 307, 308])('a redirect with %i is an error, and is not followed', async (status) => {
  asked.length = 0
  await expect(fetchDirectly(fetch, `${base}/${status}`)).rejects.toThrow(TypeError)
  await expect(fetchDirectly(fetch, new Request(`${base}/${status}`))).rejects.toThrow('not followed')
  expect(asked).toEqual([`/${status}`, `/${status}`])
})

test.each([200, 304, 404])('every other answer comes through: %i', async (status) => {
  expect((await fetchDirectly(fetch, new URL(`${base}/${status}`))).status).toBe(status)
})

test('it asks as Cloudflare Workers allow, and reads what browsers answer', async () => {
  const send = vi.fn<typeof fetch>(async () => new Response('plain'))
  await fetchDirectly(send, base, { method: 'POST', redirect: 'follow' })
  expect(send).toHaveBeenCalledWith(base, { method: 'POST', redirect: 'manual' })
  const opaque = Object.defineProperty(new Response(), 'type', { value: 'opaqueredirect' })
  await expect(fetchDirectly(async () => opaque, base)).rejects.toThrow('not followed')
})
