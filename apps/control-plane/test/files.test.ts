import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { entriesOf } from './audit-entries.ts'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
let url: string
let folder: string
let writer: string
let reader: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-files-'))
  server = await openTestServer(undefined, undefined, {
    env: { CORE_STORAGE_PROVIDER: 'disk', CORE_STORAGE_URL: folder, CORE_STORAGE_READ_ALSO: 'memory' },
  })
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  writer = await server.makeKey('smart_layer', ['file:read', 'file:write'])
  reader = await server.makeKey('manus_origin', ['file:read', 'file:write'])
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const files = '/v1/projects/current/files'
const at = (name: string) => `${files}/${encodeURIComponent(name)}`
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const auth = (key: string) => ({ authorization: `Bearer ${key}` })
const put = (name: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, key = writer) =>
  fetch(`${url}${at(name)}/content`, { method: 'PUT', headers: { ...auth(key), ...headers }, body })
const get = (name: string, headers: Record<string, string> = {}, key = writer) =>
  fetch(`${url}${at(name)}/content`, { headers: { ...auth(key), ...headers } })
const local = (address: unknown) => `${url}${new URL(String(address)).pathname}`
const usage = async (key = writer) =>
  (await server.send('GET', '/v1/projects/current/file-quota', { key })).body as Record<string, unknown>
const begin = (name: string, size: number, more = {}, key = writer) =>
  server.send('POST', '/v1/projects/current/uploads', { key, body: { name, size, ...more } })
const commit = (upload: unknown, key = writer) =>
  server.send('PUT', `/v1/projects/current/uploads/${upload}`, { key, body: {} })
/** What the sums of the rows are, beside what is kept of them. */
async function requireExact(): Promise<void> {
  const wrong = await server.test.sql(
    `select s.* from core.file_space s,
       lateral (select coalesce(sum(size), 0)::bigint as used, count(*) as files from core.file f where f.project = s.project) f,
       lateral (select coalesce(sum(size), 0)::bigint as held from core.file_upload u
         where u.project = s.project and status = 'open') u
     where (s.used_bytes, s.file_count, s.held_bytes) is distinct from (f.used, f.files, u.held)`,
  )
  expect(wrong).toEqual([])
}

test('a name that cannot be stored is refused with its place', async () => {
  for (const answer of [await put('a\0b', new Uint8Array(1)), await get('a\0b')]) {
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ code: 'invalid', errors: [{ location: 'path.name' }] })
  }
})

test('content goes in and out with its type, hash and ranges, and always as an attachment', async () => {
  const bytes = Uint8Array.from(randomBytes(700_000)) // more than the limit on bodies
  const name = `audio/${uuidv7()}/ü "1".html`
  const stored = await put(name, bytes, { 'content-type': 'text/html', 'content-sha256': sha256(bytes) })
  expect([stored.status, await stored.json()]).toEqual([
    200,
    expect.objectContaining({ name, size: bytes.byteLength, contentType: 'text/html', sha256: sha256(bytes) }),
  ])
  const read = await get(name)
  expect(sha256(new Uint8Array(await read.arrayBuffer()))).toBe(sha256(bytes))
  expect(Object.fromEntries(read.headers)).toMatchObject({
    'content-type': 'text/html',
    'content-length': '700000',
    'content-disposition': "attachment; filename*=UTF-8''%C3%BC%20%221%22.html",
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'content-sha256': sha256(bytes),
  })
  const part = await get(name, { range: 'bytes=10-19' })
  expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 10-19/700000'])
  expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(10, 20))).toBe(true)
  expect((await get(name, { range: 'bytes=700000-' })).status).toBe(400)
  expect((await get(name, { range: 'bytes=5-2' })).status).toBe(200)
  expect((await get(name, { range: 'bytes=5-9', 'if-range': '"of-another-content"' })).status).toBe(200)
  expect(await server.send('GET', at(name), { key: writer })).toMatchObject({ status: 200, body: { name } })
  const listed = await server.send('GET', `${files}?prefix=${encodeURIComponent(name.slice(0, 20))}`, { key: writer })
  expect(listed.body['data']).toEqual([expect.objectContaining({ name })])
  const removed = await entriesOf(server, () => server.send('DELETE', at(name), { key: writer }))
  expect(removed.entries).toMatchObject([{ action: 'file.remove', resource: `file:smart_layer/${name}` }])
  expect((await get(name)).status).toBe(404)
  await requireExact()
})

test('a file of another project looks like a missing one, and no name leaves the project', async () => {
  const name = `own/${uuidv7()}`
  await put(name, Buffer.from('secret'))
  for (const wanted of [name, `../smart_layer/${name}`, `smart_layer/${name}`]) {
    const answers = [await get(wanted, {}, reader), await server.send('DELETE', at(wanted), { key: reader })]
    expect(answers.map(({ status }) => status)).toEqual([404, 404])
  }
  for (const bad of ['../x', 'a/../b', '/a', 'a//b', 'a/', '.', 'a\0b', 'u\u0308', 'x'.repeat(801)]) {
    const { status } = await put(bad, Buffer.from('x'))
    expect([400, 405], bad).toContain(status) // a URL client drops a lone dot
    expect((await begin(bad, 1)).status, bad).toBe(400)
  }
  expect((await put('x', Buffer.from('x'), {}, server.keys.smart_layer)).status).toBe(403) // reads by default
  expect((await fetch(`${url}${at(name)}/content`)).status).toBe(401)
  expect((await usage(reader))['fileCount']).toBe(0)
})

test('what is cut, or not what was announced, leaves no file, no quota held and no content', async () => {
  const name = `cut/${uuidv7()}`
  const wrong = await put(name, Buffer.from('abc'), { 'content-sha256': sha256(Buffer.from('abd')) })
  expect([wrong.status, await wrong.json()]).toEqual([400, expect.objectContaining({ reason: 'sha256_mismatch' })])
  await new Promise<void>((resolve) => {
    const sending = request(`${url}${at(name)}/content`, {
      method: 'PUT',
      headers: { ...auth(writer), 'content-length': 1_000_000 },
    })
    sending.on('error', () => resolve())
    sending.write(Buffer.alloc(100_000), () => setTimeout(() => sending.destroy(), 50))
  })
  const streamed = await fetch(`${url}${at(name)}/content`, {
    method: 'PUT',
    headers: auth(writer),
    body: new Blob([Buffer.alloc(10)]).stream(),
    duplex: 'half',
  } as RequestInit)
  expect([streamed.status, await streamed.text()]).toEqual([400, expect.stringContaining('Content-Length')])
  await expect.poll(async () => (await usage())['heldBytes'], { timeout: 30_000 }).toBe(0)
  expect((await get(name)).status).toBe(404)
  await requireExact()
})

test('an upload of another project can be neither read, filled, committed nor ended by its id', async () => {
  const name = `mine/${uuidv7()}`
  const { upload } = (await begin(name, 5)).body
  const held = (await usage())['heldBytes']
  for (const project of ['current', 'manus_origin', 'smart_layer']) {
    const path = `/v1/projects/${project}/uploads/${upload}`
    expect((await server.send('PUT', path, { key: reader, body: {} })).status).toBe(404)
    expect((await server.send('DELETE', path, { key: reader })).status).toBe(404)
  }
  const theirs = {
    role: 'core_member',
    project: 'manus_origin',
    caps: ['file:read', 'file:write'],
    sub: 'key:other',
  } as const
  for (const p_project of [undefined, 'manus_origin', 'smart_layer'])
    for (const name of ['file_upload', 'file_abort'] as const)
      await expect(
        server.test.database.rpc(
          name,
          { p_upload: String(upload), ...(p_project !== undefined && { p_project }) },
          { claims: theirs },
        ),
      ).rejects.toMatchObject({ code: expect.stringMatching(/^E_(NOT_FOUND|FORBIDDEN)$/) })
  expect((await usage())['heldBytes']).toBe(held)
  expect(await server.send('DELETE', `/v1/projects/current/uploads/${upload}`, { key: writer })).toMatchObject({
    body: { ended: true },
  })
})

test('of uploads at once of a new file one makes it, and the others hold nothing', async () => {
  const name = `new/${uuidv7()}`
  const onlyNew = { 'if-none-match': '*' }
  const contents = Array.from({ length: 8 }, (_, index) => Uint8Array.from(Buffer.alloc(50_000 + index, index)))
  const answers = await Promise.all(contents.map((bytes) => put(name, bytes, onlyNew)))
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(7).fill(412)])
  const winner = contents[answers.findIndex(({ status }) => status === 200)] ?? new Uint8Array()
  expect(sha256(new Uint8Array(await (await get(name)).arrayBuffer()))).toBe(sha256(winner))
  const late = await put(name, Buffer.from('late'), onlyNew)
  expect([late.status, await late.json()]).toEqual([412, expect.objectContaining({ reason: 'file_exists' })])
  expect((await put(name, Buffer.from('x'), { 'if-none-match': '"etag"' })).status).toBe(400)
  expect((await put(name, Buffer.from('replaced'))).status).toBe(200)
  expect((await usage())['heldBytes']).toBe(0)
  await requireExact()
})

test('the quota is exact when many upload at once', async () => {
  const project = `quota_${uuidv7().replaceAll('-', '')}`
  await server.send('PUT', `/v1/projects/${project}`, { key: server.owner, body: {} })
  const key = await server.makeKey(project, ['file:read', 'file:write'])
  const quota = { key: server.owner, body: { bytes: 1000 } }
  const path = `/v1/file-quotas/${project}`
  expect((await server.send('PUT', path, { ...quota, key })).status).toBe(403)
  const set = await entriesOf(server, () => server.send('PUT', path, quota))
  expect(set.entries).toMatchObject([{ action: 'file.quota', before: { quotaBytes: 10737418240 } }])
  const racing = Array.from({ length: 20 }, (_, index) => put(`f${index}`, Buffer.alloc(100), {}, key))
  const answers = await Promise.all(racing)
  const kept = answers.filter(({ status }) => status === 200).length
  expect(kept).toBeLessThanOrEqual(10)
  const denied = answers.find(({ status }) => status !== 200)
  expect([denied?.status, await denied?.json()]).toEqual([
    409,
    expect.objectContaining({ code: 'file_quota_exceeded', size: 100, quotaBytes: 1000 }),
  ])
  for (let index = 20; index < 30; index++) await put(`f${index}`, Buffer.alloc(100), {}, key)
  expect(await usage(key)).toMatchObject({ usedBytes: 1000, heldBytes: 0, fileCount: 10 })
  await requireExact()
})

test('an upload begun gives its quota back when it ends or its time is over, and its content is deleted', async () => {
  const before = await usage()
  const name = `begun/${uuidv7()}`
  const first = await begin(name, 5, { contentType: 'audio/wav' })
  expect(first).toMatchObject({ status: 200, body: { method: 'PUT', requestHeaders: { 'content-type': 'audio/wav' } } })
  const { upload, url: address, requestHeaders: headers } = first.body
  expect((await usage())['heldBytes']).toBe(5)
  expect(await commit(upload)).toMatchObject({ status: 409, body: { reason: 'content_missing' } })
  const send = (body: string, more = {}) =>
    fetch(local(address), { method: 'PUT', headers: { ...Object(headers), ...more }, body })
  expect((await send('1234')).status).toBe(403)
  expect((await send('12345', { 'content-type': 'text/html' })).status).toBe(403)
  expect((await send('12345')).status).toBe(204)
  expect((await send('54321')).status).toBe(409) // once
  expect((await fetch(local(address))).status).toBe(403) // not for reading
  expect((await fetch(`${local(address)}x`)).status).toBe(403)
  expect((await commit(upload, reader)).status).toBe(404)
  expect(await commit(upload)).toMatchObject({ status: 200, body: { name, size: 5, sha256: null } })
  expect(await commit(upload)).toMatchObject({ status: 200, body: { name } })
  expect(await (await get(name)).text()).toBe('12345')

  const ended = (await begin(`${name}/2`, 7)).body['upload']
  expect(await server.send('DELETE', `/v1/projects/current/uploads/${ended}`, { key: writer })).toMatchObject({
    body: { ended: true },
  })
  expect((await commit(ended)).status).toBe(404)
  const late = (await begin(`${name}/3`, 9)).body['upload']
  expect((await usage())['heldBytes']).toBe(9)
  await server.test.sql(`update core.file_upload set expires_at = clock_timestamp() where id = '${late}'`)
  await server.runLoop('sweep files')
  expect(await usage()).toMatchObject({ heldBytes: 0, usedBytes: Number(before['usedBytes']) + 5 })
  expect((await commit(late)).status).toBe(404)
  await requireExact()
})

test('an address for reading is good for one file, without a key', async () => {
  const name = `shared/${uuidv7()}.txt`
  await put(name, Buffer.from('content'), { 'content-type': 'text/plain' })
  const { status, body } = await server.send('POST', `${at(name)}/url`, { key: writer, body: { expiresSeconds: 60 } })
  expect(status).toBe(200)
  expect(String(body['url'])).not.toContain('shared')
  const read = await fetch(local(body['url']))
  expect([read.status, await read.text()]).toEqual([200, 'content'])
  expect(read.headers.get('content-disposition')).toContain(`${name.split('/')[1]}`)
  expect((await fetch(local(body['url']), { method: 'PUT', body: 'x' })).status).toBe(403)
  expect((await server.send('POST', `${at(name)}/url`, { key: reader, body: {} })).status).toBe(404)
})

test('a process that dies between content and row leaves the file as it was, and the sweep deletes what it left', async () => {
  const name = `crash/${uuidv7()}`
  await put(name, Buffer.from('before'))
  // All that an upload does before its commit.
  const { body } = await begin(name, 5)
  await fetch(local(body['url']), {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body: 'after',
  })
  expect(await (await get(name)).text()).toBe('before')
  await server.test.sql(
    `update core.file_upload set expires_at = clock_timestamp() - interval '2 hours' where id = '${body['upload']}'`,
  )
  await server.runLoop('sweep files') // ends it
  await server.test.sql(`update core.file_trash set due_at = clock_timestamp()`)
  const [{ count: trash } = {}] = await server.test.sql(`select count(*)::int as count from core.file_trash`)
  expect(Number(trash)).toBeGreaterThan(0)
  await server.runLoop('sweep files')
  expect(await server.test.sql(`select * from core.file_trash`)).toEqual([])
  expect((await fetch(local(body['url']))).status).toBe(403)
  expect(await (await get(name)).text()).toBe('before')
  await requireExact()
})

test('after a switch of the store files are read where they are, and moved with their hash', async () => {
  const names = [1, 2, 3].map((index) => `move/${uuidv7()}/${index}`)
  for (const name of names) await put(name, Buffer.from(name))
  const flag = '/v1/flags/providers.storage'
  expect(await server.send('PUT', flag, { key: server.owner, body: { value: 'memory' } })).toMatchObject({
    status: 200,
  })
  const stores = async () => {
    await put(`${names[0]}/new`, Buffer.from('new'))
    const rows = await server.test.sql(`select store from core.file where name = $1`, [`${names[0]}/new`])
    return rows[0]?.['store']
  }
  await expect.poll(stores, { timeout: 30_000, interval: 300 }).toBe('memory')
  for (const name of names) expect(await (await get(name)).text()).toBe(name)
  const move = (body: object) => server.send('POST', '/v1/files/move', { key: server.owner, body })
  expect((await server.send('POST', '/v1/files/move', { key: writer, body: {} })).status).toBe(403)
  for (let next: unknown; next !== null; ) {
    const { status, body } = await move(next === undefined ? {} : { after: next })
    expect([status, body['missing']]).toEqual([200, 0])
    next = body['next']
  }
  expect(await server.test.sql(`select * from core.file where store = 'disk'`)).toEqual([])
  for (const name of names) expect(await (await get(name)).text()).toBe(name)
  await requireExact()
})

test('what is moved back is not deleted with what was left there by the move away', async () => {
  const name = `move/${uuidv7()}/there-and-back`
  await put(name, Buffer.from('content'))
  const storeOf = async () =>
    (await server.test.sql('select store from core.file where name = $1', [name]))[0]?.['store']
  const choose = async (value: string) => {
    await server.send('PUT', '/v1/flags/providers.storage', { key: server.owner, body: { value } })
    const probe = async () => {
      await put('move/probe', Buffer.from('x'))
      return (await server.test.sql(`select store from core.file where name = 'move/probe'`))[0]?.['store']
    }
    await expect.poll(probe, { timeout: 30_000, interval: 300 }).toBe(value)
  }
  const move = async () => {
    for (let after: unknown; after !== null; ) {
      const { status, body } = await server.send('POST', '/v1/files/move', {
        key: server.owner,
        body: after === undefined ? {} : { after },
      })
      if (status !== 200) return [status, body['reason']]
      after = body['next']
    }
    return [200]
  }
  const sweep = async () => {
    await server.test.sql(`update core.file_trash set due_at = clock_timestamp()`)
    while ((await server.runLoop('sweep files')) !== 0);
  }
  await sweep()
  const home = await storeOf()
  const away = home === 'disk' ? 'memory' : 'disk'
  await choose(away)
  expect([await move(), await storeOf()]).toEqual([[200], away])
  await choose(String(home))
  // The content that the move left there is still to be deleted, and a copy would be at the same place.
  expect([await move(), await storeOf()]).toEqual([[409, 'file_waits'], away])
  await sweep()
  expect([await move(), await storeOf()]).toEqual([[200], home])
  await sweep()
  expect(await (await get(name)).text()).toBe('content')
})
