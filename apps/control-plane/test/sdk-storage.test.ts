import { randomUUID } from 'node:crypto'
import { openCore } from '@core/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

/** The files of a sibling through the control plane: what a name may reach, and what two uploads at once do. */

let server: TestServer
let url: string
let keys: { readonly mine: string; readonly theirs: string }
beforeAll(async () => {
  server = await openTestServer()
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  keys = {
    mine: await server.makeKey('smart_layer', ['file:read', 'file:write']),
    theirs: await server.makeKey('manus_origin', ['file:read', 'file:write']),
  }
})
afterAll(() => server?.[Symbol.asyncDispose]())

const open = (key: string) =>
  openCore({
    url,
    key,
    project: key === keys.mine ? 'smart_layer' : 'manus_origin',
    env: { XDG_CONFIG_HOME: '/nonexistent' },
    timeoutMs: 20_000,
  })

test('of uploads at once with ifAbsent one wins', async () => {
  await using core = await open(keys.mine)
  const name = `new/${randomUUID()}`
  const racing = Array.from({ length: 6 }, (_, index) =>
    core.storage.upload(name, Buffer.from(`content ${index}`), { ifAbsent: true }),
  )
  const outcomes = await Promise.allSettled(racing)
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const outcome of outcomes)
    if (outcome.status === 'rejected')
      expect(outcome.reason).toMatchObject({ code: 'E_CONFLICT', details: { reason: 'file_exists' } })
  const winner = outcomes.findIndex(({ status }) => status === 'fulfilled')
  const file = await core.storage.download(name)
  expect(await new Response(file?.stream).text()).toBe(`content ${winner}`)
})

const escapes = ['', '.', '..', '/', '/a', 'a/', 'a//b', '../x', 'a/../../b', './a', 'a/..', 'a\0b', 'a\nb', 'u\u0308']

test.each(escapes)('the name %j reaches nothing', async (name) => {
  await using core = await open(keys.mine)
  const { storage } = core
  const refused = expect.objectContaining({ code: expect.stringMatching(/^E_(INVALID|NOT_FOUND)$/) })
  await expect(storage.upload(name, Buffer.from('x'))).rejects.toEqual(refused)
  await expect(storage.getSignedUrl(name, { method: 'GET', expiresSeconds: 60 })).rejects.toEqual(refused)
  for (const call of [storage.download, storage.head, storage.delete])
    expect((await call(name).catch((error: unknown) => error)) ?? null).toSatisfy(
      (found) => found === null || /^E_(INVALID|NOT_FOUND)$/.test(String(Object(found).code)),
    )
  expect((await server.send('GET', '/v1/projects/current/files', { key: keys.mine })).status).toBe(200)
})

test("another project's files are missing ones, by any name", async () => {
  await using mine = await open(keys.mine)
  await using theirs = await open(keys.theirs)
  const name = `own/${randomUUID()}`
  await theirs.storage.upload(name, Buffer.from('secret'))
  for (const wanted of [name, `manus_origin/${name}`, `%2e%2e/manus_origin/${name}`, `..%2fmanus_origin%2f${name}`]) {
    expect(await mine.storage.head(wanted)).toBeNull()
    expect(await mine.storage.download(wanted)).toBeNull()
    await mine.storage.delete(wanted)
  }
  expect((await mine.storage.list('own/')).files).toEqual([])
  expect(await theirs.storage.head(name)).toMatchObject({ size: 6 })
})
