import { openEmbeddedDatabase, runSql } from '@core/database/testing'
import { startFakeProvider } from '@core/providers/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Reply, type ServedDatabase, serveDatabase, unlimited } from './test-server.ts'

/** Spaces whose vectors a provider's model makes, over REST: on the embedded database, which has pgvector. */

const fake = await startFakeProvider()
const database = await openEmbeddedDatabase()
let server: ServedDatabase
let operator: string
const model = 'openai/embed-1'
const writer = ['embedding:read', 'embedding:write', 'model:call'] as const
/** What the fake answers unless it is asked for another length. */
const dims = 256

beforeAll(async () => {
  server = await serveDatabase(database, undefined, unlimited, {
    env: { CORE_ROUTER_PRIVATE_HOSTS: new URL(fake.url).host, OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: fake.url },
  })
  operator = await server.makeKey('smart_layer', [...writer, 'embedding:operate'])
  const rates = [{ unit: 'input', nanoUsdPerMillion: 1_000_000_000 }]
  for (const name of ['embed-1', 'embed-2', 'embed-500']) {
    const price = { provider: 'openai', model: name, rates }
    await server.send('PUT', '/v1/prices', { key: server.owner, body: price })
  }
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await database.close()
  await fake[Symbol.asyncDispose]()
})

const pages = (count: number, of = 'leases') =>
  Array.from({ length: count }, (_, n) => ({
    id: `${of}-${n}.md`,
    text: `Page ${n} of ${of}: spend offline number${n}.`,
  }))
const embeddings = '/v1/projects/current/embeddings'
const as = (key: string) => ({
  open: (space: string, body: object = { model }) => server.send('PUT', `${embeddings}/${space}`, { key, body }),
  write: (space: string, documents: readonly object[], query = '') =>
    server.send('POST', `${embeddings}/${space}/documents${query}`, { key, body: { documents } }),
  search: (space: string, text: string, query = '') =>
    server.send('POST', `${embeddings}/${space}/search${query}`, { key, body: { text, mode: 'vector' } }),
  stats: (space: string) => server.send('GET', `${embeddings}/${space}`, { key }),
})
const own = () => as(operator)
const documentsOf = ({ body }: Reply) =>
  (body['hits'] as readonly { document: string }[]).map(({ document }) => document)
const embedCalls = () => fake.requests.filter(({ path }) => path === '/embeddings')
const chargedTo = async (project: string) => {
  const [row] = await runSql(
    database,
    `select coalesce(sum(amount), 0)::text as charged from core.ledger_tx where project = $1 and op = 'settle'`,
    [project],
  )
  return Number(row?.['charged'])
}

test('a space with a provider’s model is made, written, searched and paid for; what is unchanged costs nothing', async () => {
  const key = await server.makeKey('smart_layer', writer)
  const { open, write, search } = as(key)
  expect(await open('paid')).toMatchObject({ status: 200, body: { model: { provider: 'router', model, dims } } })
  const probes = embedCalls().length
  expect(await open('paid')).toMatchObject({ status: 200 })
  expect(embedCalls()).toHaveLength(probes)
  const before = await chargedTo('smart_layer')
  const written = await write('paid', pages(3))
  expect(written.body).toMatchObject({ added: 3, queued: 0, stopped: null })
  expect(Number(written.body['cost'])).toBeGreaterThan(0)
  expect((await chargedTo('smart_layer')) - before).toBe(written.body['cost'])
  expect(await write('paid', pages(3))).toMatchObject({ body: { skipped: 3, cost: 0, tokens: 0 } })
  expect(documentsOf(await search('paid', 'offline number2'))[0]).toBe('leases-2.md')
  const sent = embedCalls().length
  await search('paid', 'offline number2')
  expect(embedCalls()).toHaveLength(sent)
  const { body } = await server.send('GET', '/v1/projects/current/embeddings', { key })
  expect(body).toMatchObject({ data: [{ space: 'paid' }] })
})

test('shorter vectors are asked for; a length that the model does not answer is refused', async () => {
  const { open } = own()
  expect(await open('short', { model, dimensions: 64 })).toMatchObject({
    status: 200,
    body: { model: { dims: 64, revision: 'reduced' } },
  })
  expect(embedCalls().at(-1)?.body).toMatchObject({ dimensions: 64 })
})

test('a model without a price, without a provider or with a fault is refused before the space is made', async () => {
  const { open, stats } = own()
  for (const [name, reason] of [
    ['openai/priceless', 'unsupported'],
    ['nowhere/embed-1', 'model_not_found'],
  ] as const) {
    expect(await open('never', { model: name })).toMatchObject({
      status: 409,
      body: { reason, fix: expect.any(String) },
    })
  }
  expect((await open('never', { model: 'openai/embed-500' })).status).toBe(503)
  expect((await stats('never')).status).toBe(404)
})

test('who may not call models makes no space of a provider and embeds nothing', async () => {
  const { open } = own()
  await open('guarded')
  const key = await server.makeKey('smart_layer', ['embedding:read', 'embedding:write'])
  const sent = embedCalls().length
  const refused = { status: 403, body: { detail: expect.stringContaining('model:call') } }
  expect(await as(key).open('mine')).toMatchObject(refused)
  expect(await as(key).write('guarded', pages(1))).toMatchObject(refused)
  expect(await as(key).search('guarded', 'offline')).toMatchObject(refused)
  expect(embedCalls()).toHaveLength(sent)
  expect((await own().stats('guarded')).body).toMatchObject({ items: 0 })
})

test('credits that end stop the ingest, say so, and the control plane continues when there are more', async () => {
  await database.rpc('project_register', { p_name: 'poor' })
  await database.rpc('ledger_account_open', { p_key: 'poor', p_account: 'poor' })
  await database.rpc('ledger_grant', { p_key: 'poor-1', p_account: 'poor', p_amount: 5 })
  const key = await server.makeKey('poor', writer)
  const { open, write, stats, search } = as(key)
  expect(await open('docs')).toMatchObject({ status: 200 })
  const written = await write('docs', pages(4))
  expect(written.body).toMatchObject({ added: 4, queued: 4, cost: 0, stopped: expect.stringContaining('available') })
  expect(await search('docs', 'offline')).toMatchObject({ status: 409, body: { reason: 'insufficient_credits' } })
  await server.runLoop('drain embeddings')
  expect((await stats('docs')).body).toMatchObject({ queued: 4, failed: 0 })
  await database.rpc('ledger_grant', { p_key: 'poor-2', p_account: 'poor', p_amount: 10_000 })
  expect(await write('docs', pages(4))).toMatchObject({ body: { skipped: 4, queued: 0, stopped: null } })
})

test('a space migrates to a provider’s model while it is searched', async () => {
  const { open, write, stats, search } = own()
  await open('moving', {})
  await write('moving', pages(3))
  const path = `${embeddings}/moving/migration`
  const begun = await server.send('PUT', path, { key: operator, body: { model: 'openai/embed-2' } })
  expect(begun).toMatchObject({ status: 200, body: { next: { provider: 'router', model: 'openai/embed-2' } } })
  await server.runLoop('drain embeddings')
  expect((await stats('moving')).body).toMatchObject({ next: null, queued: 0, model: { model: 'openai/embed-2' } })
  expect(documentsOf(await search('moving', 'offline number1'))[0]).toBe('leases-1.md')
})

test('a space is searched by a project that it is shared with, which pays for its questions and cannot write', async () => {
  const { open, write } = own()
  await open('common')
  await write('common', pages(3))
  const guest = await server.makeKey('manus_origin', writer)
  const owner = await server.makeKey('smart_layer', ['share:write'])
  const there = '?owner=smart_layer'
  const search = () => as(guest).search('common', 'offline number1', there)
  const share = `/v1/projects/current/shares/space/common/manus_origin`
  expect((await search()).status).toBe(404)
  await server.send('PUT', share, { key: owner, body: { rights: ['read'] } })
  const [mine, theirs] = [await chargedTo('smart_layer'), await chargedTo('manus_origin')]
  expect(documentsOf(await search())[0]).toBe('leases-1.md')
  expect(await chargedTo('smart_layer')).toBe(mine)
  expect(await chargedTo('manus_origin')).toBeGreaterThan(theirs)
  expect((await as(guest).write('common', pages(1, 'guests'), there)).status).toBe(404)
  await server.send('PUT', share, { key: owner, body: { rights: ['read', 'write'] } })
  expect(await as(guest).write('common', pages(1, 'guests'), there)).toMatchObject({ body: { added: 1, queued: 0 } })
  await server.send('DELETE', share, { key: owner })
  expect((await search()).status).toBe(404)
  expect((await as(guest).write('common', pages(1, 'guests'), there)).status).toBe(404)
})

test('kept vectors of a model are used by a project they are shared with, which pays nothing, until the share ends', async () => {
  const owner = await server.makeKey('smart_layer', ['share:write'])
  const guest = await server.makeKey('manus_origin', writer)
  await own().open('lender')
  await as(guest).open('borrower')
  await own().write('lender', pages(3, 'loans'))
  const share = `/v1/projects/current/shares/vectors/${encodeURIComponent(`router/${model}`)}/manus_origin`
  expect(await server.send('PUT', share, { key: owner, body: { rights: ['read'] } })).toMatchObject({ status: 200 })
  const [sent, mine, theirs] = [embedCalls().length, await chargedTo('smart_layer'), await chargedTo('manus_origin')]
  const written = await as(guest).write('borrower', pages(3, 'loans'))
  expect(written.body).toMatchObject({ added: 3, queued: 0, cost: 0, tokens: 0, stopped: null })
  expect(documentsOf(await own().search('lender', 'lend number1'))[0]).toBe('loans-1.md')
  const asked = embedCalls().length
  expect(documentsOf(await as(guest).search('borrower', 'lend number1'))[0]).toBe('loans-1.md')
  // The question as well: the lender has asked it.
  expect(embedCalls()).toHaveLength(asked)
  expect(asked).toBeLessThanOrEqual(sent + 1)
  expect(await chargedTo('manus_origin')).toBe(theirs)
  expect(await chargedTo('smart_layer')).toBeGreaterThanOrEqual(mine)
  // Nothing is the guest's to keep: with the share the vectors are gone, and the memory of the process knows none.
  await server.send('DELETE', share, { key: owner })
  await as(guest).search('borrower', 'lend number1')
  expect(embedCalls()).toHaveLength(asked + 1)
  expect(await chargedTo('manus_origin')).toBeGreaterThan(theirs)
})

test('what a project’s own provider answers is offered to no other, and whose name means another model borrows nothing', async () => {
  const [feigner, reader] = ['feigner', 'reader'] as const
  for (const p_name of [feigner, reader]) {
    await database.rpc('project_register', { p_name })
    await database.rpc('ledger_account_open', { p_key: p_name, p_account: p_name })
    await database.rpc('ledger_grant', { p_key: `${p_name}-1`, p_account: p_name, p_amount: 1_000_000 })
  }
  const keys = {
    feigner: await server.makeKey(feigner, [...writer, 'model:write', 'share:write']),
    reader: await server.makeKey(reader, [...writer, 'model:write']),
  }
  const provider = '/v1/projects/current/providers/openai'
  const setOwn = async (key: string) => {
    const body = { kind: 'openai-compatible', baseUrl: fake.url }
    expect(await server.send('PUT', provider, { key, body })).toMatchObject({ status: 200 })
    await server.runLoop('follow model routes')
  }
  const dropOwn = async (key: string) => {
    await server.send('DELETE', provider, { key })
    await server.runLoop('follow model routes')
  }
  const offered = async () => {
    const [row] = await runSql(
      database,
      `select count(*) filter (where is_shareable)::int as offered, count(*)::int as kept from core.embedding_cache where project = $1`,
      [feigner],
    )
    return row
  }
  const share = `/v1/projects/current/shares/vectors/${encodeURIComponent(`router/${model}`)}/*`
  await server.send('PUT', share, { key: keys.feigner, body: { rights: ['read'] } })
  await setOwn(keys.feigner)
  await as(keys.feigner).open('lies')
  expect(await as(keys.feigner).write('lies', pages(2, 'lies'))).toMatchObject({ body: { added: 2, queued: 0 } })
  expect(await offered()).toEqual({ offered: '0', kept: '2' })
  await dropOwn(keys.feigner)
  expect(await as(keys.feigner).write('lies', pages(2, 'truths'))).toMatchObject({ body: { added: 2, queued: 0 } })
  expect(await offered()).toEqual({ offered: '2', kept: '4' })

  await setOwn(keys.reader)
  await as(keys.reader).open('own')
  const sent = embedCalls().length
  await as(keys.reader).write('own', pages(1, 'truths'))
  expect(embedCalls()).toHaveLength(sent + 1)
  await dropOwn(keys.reader)
  await as(keys.reader).write('own', [...pages(2, 'truths'), ...pages(1, 'lies')])
  // The second truth is borrowed; what the feigner's own provider said of the lie is not.
  expect(embedCalls()).toHaveLength(sent + 2)
  expect(embedCalls().at(-1)?.body).toMatchObject({ input: [expect.stringContaining('Page 0 of lies')] })
})

test('a hundred spaces that wait for a model that is not there keep no other project waiting', async () => {
  const text = { document: 'd', ordinal: 0, content: 'Spend offline.' }
  await database.rpc('project_register', { p_name: 'hoarder' })
  for (let n = 0; n < 100; n++) {
    const space = { p_space: `space${n}`, p_project: 'hoarder' }
    await database.call('embedding_space_open', { ...space, p_provider: 'core', p_model: 'no-such', p_dims: 3 })
    await database.call('embedding_upsert', { ...space, p_items: [text] })
  }
  await database.rpc('project_register', { p_name: 'patient' })
  const key = await server.makeKey('patient', writer)
  await as(key).open('waits', {})
  await database.call('embedding_upsert', { p_space: 'waits', p_items: [text], p_project: 'patient' })
  expect((await as(key).stats('waits')).body).toMatchObject({ queued: 1 })
  await server.runLoop('drain embeddings')
  expect((await as(key).stats('waits')).body).toMatchObject({ queued: 0 })
})

test('a request takes 100 documents, and each refusal names its bound', async () => {
  const { open, write, stats } = own()
  await open('bounded', {})
  expect(await write('bounded', pages(101))).toMatchObject({
    status: 400,
    body: { errors: [{ location: 'body.documents', message: expect.stringContaining('100') }] },
  })
  const search = (body: object) => server.send('POST', `${embeddings}/bounded/search`, { key: operator, body })
  expect(await search({ text: 'x', k: 1_001 })).toMatchObject({
    status: 400,
    body: { errors: [{ location: 'body.k', message: expect.stringContaining('1000') }] },
  })
  for (const text of ['a\0b', 'a\ud800']) expect((await write('bounded', [{ id: 'x', text }])).status).toBe(400)
  expect(await write('bounded', [{ id: 'empty', text: '' }])).toMatchObject({ body: { added: 1, empty: 1, queued: 0 } })
  expect((await stats('bounded')).body).toMatchObject({ items: 1 })
})
