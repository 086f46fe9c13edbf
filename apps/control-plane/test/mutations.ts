import { createHash } from 'node:crypto'
import type { routes } from '@core/api'
import { uuidv7 } from '@core/foundation'
import { createSealer } from '@core/foundation/seal'
import { secretsKeys, type TestServer } from './test-server.ts'

/** The operations that change something: what the audit log must know of. */
export type Mutation = Exclude<
  (typeof routes)[number],
  { readonly method: 'GET' } | { readonly isReadOnly: true }
>['operation']

export interface MutationRequest {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

const project = '/v1/projects/smart_layer'
const post = (path: string, body: unknown = {}): MutationRequest => ({
  method: 'POST',
  path: `${project}${path}`,
  body,
})

/** For each operation a request of the owner that changes something, with what has to be there before. */
export const mutations: Readonly<Record<Mutation, (server: TestServer) => Promise<MutationRequest>>> = {
  putProject: async () => ({ method: 'PUT', path: project, body: { version: uuidv7() } }),
  updateProject: async () => ({ method: 'PATCH', path: project, body: { version: uuidv7() } }),
  archiveProject: async (server) => ({ method: 'PUT', path: `${await makeProject(server)}/archive`, body: {} }),
  restoreProject: async (server) => {
    const path = await makeProject(server)
    await act(server, { method: 'PUT', path: `${path}/archive`, body: {} })
    return { method: 'DELETE', path: `${path}/archive` }
  },
  createProject: async () => ({
    method: 'POST',
    path: '/v1/projects',
    body: { name: `made_${uuidv7().replaceAll('-', '')}` },
  }),
  addMember: async () => post('/members', { subject: `user:${uuidv7()}`, role: 'viewer' }),
  updateMember: async (server) => {
    const path = memberPath()
    await act(server, { method: 'PUT', path, body: { role: 'viewer' } })
    return { method: 'PATCH', path, body: { role: 'operator' } }
  },
  putMember: async () => ({ method: 'PUT', path: memberPath(), body: { role: 'viewer' } }),
  removeMember: async (server) => {
    const path = memberPath()
    await act(server, { method: 'PUT', path, body: { role: 'viewer' } })
    return { method: 'DELETE', path }
  },
  createSystemApiKey: async () => ({ method: 'POST', path: '/v1/api-keys', body: { name: 'made' } }),
  updateSystemApiKey: async (server) => ({
    method: 'PATCH',
    path: `/v1/api-keys/${await makeKey(server, '/v1')}`,
    body: { name: 'renamed' },
  }),
  rerollSystemApiKey: async (server) => ({
    method: 'POST',
    path: `/v1/api-keys/${await makeKey(server, '/v1')}/reroll`,
    body: {},
  }),
  revokeSystemApiKey: async (server) => ({ method: 'DELETE', path: `/v1/api-keys/${await makeKey(server, '/v1')}` }),
  updateApiKey: async (server) => ({
    method: 'PATCH',
    path: `${project}/api-keys/${await makeKey(server)}`,
    body: { enabled: false },
  }),
  markError: async (server) => ({
    method: 'PATCH',
    path: `${project}/errors/${await recordError(server)}`,
    body: { status: 'resolved' },
  }),
  markAnyError: async (server) => ({
    method: 'PATCH',
    path: `/v1/system/errors/${await recordError(server)}`,
    body: { status: 'ignored' },
  }),
  createApiKey: async () => post('/api-keys', { name: 'made' }),
  rerollApiKey: async (server) => post(`/api-keys/${await makeKey(server)}/reroll`),
  revokeApiKey: async (server) => ({ method: 'DELETE', path: `${project}/api-keys/${await makeKey(server)}` }),
  putCacheEntry: async () => ({ method: 'PUT', path: `${cachePath()}/entries/k`, body: { value: 1 } }),
  deleteCacheEntry: async () => ({ method: 'DELETE', path: `${cachePath()}/entries/k` }),
  invalidateCacheTags: async () => ({ method: 'POST', path: `${cachePath()}/invalidate`, body: { tags: ['t'] } }),
  clearCacheNamespace: async () => ({ method: 'DELETE', path: cachePath() }),
  sweepCache: async () => post('/cache/sweep'),
  putEmbeddingSpace: async () => ({ method: 'PUT', path: embeddingPath(), body: {} }),
  dropEmbeddingSpace: async (server) => ({ method: 'DELETE', path: await makeEmbeddingSpace(server) }),
  putEmbeddingDocuments: async (server) => ({
    method: 'POST',
    path: `${await makeEmbeddingSpace(server)}/documents`,
    body: { documents: [{ id: 'page', text: 'Spend offline.' }] },
  }),
  deleteEmbeddingDocuments: async (server) => ({
    method: 'POST',
    path: `${await makeEmbeddingSpace(server)}/documents/delete`,
    body: { documents: ['page'] },
  }),
  putEmbeddingMigration: async (server) => ({
    method: 'PUT',
    path: `${await makeEmbeddingSpace(server)}/migration`,
    body: { dimensions: 64 },
  }),
  cancelEmbeddingMigration: async (server) => {
    const path = `${await makeEmbeddingSpace(server)}/migration`
    await act(server, { method: 'PUT', path, body: { dimensions: 64 } })
    return { method: 'DELETE', path }
  },
  shareInsight: async () => post('/insights', { category: 'latency', title: uuidv7() }),
  removeInsight: async (server) => ({
    method: 'DELETE',
    path: `${project}/insights/${await shareInsight(server, 'smart_layer')}`,
  }),
  decideInsight: async (server) => ({
    method: 'PUT',
    path: `${project}/insights/${await shareInsight(server, 'manus_origin')}/decision`,
    body: { decision: 'adopted', effectBasisPoints: 1500 },
  }),
  putHealthPolicy: async () => ({
    method: 'PUT',
    path: `${project}/health/policy`,
    body: { targetBacklog: Math.ceil(Math.random() * 1e9) },
  }),
  putShare: async () => ({ method: 'PUT', path: sharePath(), body: { rights: ['read'] } }),
  removeShare: async (server) => {
    const path = sharePath()
    await act(server, { method: 'PUT', path, body: { rights: ['read'] } })
    return { method: 'DELETE', path }
  },
  setFlag: async () => ({ method: 'PUT', path: `${project}/flags/router.order`, body: { value: uuidv7() } }),
  clearFlag: async (server) => {
    const path = `${project}/flags/f${uuidv7()}`
    await act(server, { method: 'PUT', path, body: { value: 1 } })
    return { method: 'DELETE', path }
  },
  setFlagForAll: async () => ({ method: 'PUT', path: '/v1/flags/for.all', body: { value: uuidv7() } }),
  clearFlagForAll: async (server) => {
    const path = `/v1/flags/f${uuidv7()}`
    await act(server, { method: 'PUT', path, body: { value: 1 } })
    return { method: 'DELETE', path }
  },
  setProvider: async () => ({
    method: 'PUT',
    path: `${project}/providers/maker`,
    body: { kind: 'openai', baseUrl: `https://models.example/${uuidv7()}` },
  }),
  removeProvider: async (server) => {
    const path = `${project}/providers/gone-${uuidv7()}`
    await act(server, { method: 'PUT', path, body: { kind: 'local' } })
    return { method: 'DELETE', path }
  },
  setModelRoute: async () => ({
    method: 'PUT',
    path: `${project}/routes/fast`,
    body: { targets: [{ provider: 'local', model: uuidv7() }] },
  }),
  removeModelRoute: async (server) => {
    const path = `${project}/routes/${uuidv7()}`
    await act(server, { method: 'PUT', path, body: { targets: [{ provider: 'local' }] } })
    return { method: 'DELETE', path }
  },
  setPrice: async () => ({
    method: 'PUT',
    path: '/v1/prices',
    body: { provider: 'maker', model: uuidv7(), rates: [{ unit: 'input', nanoUsdPerMillion: 1 }] },
  }),
  importPrices: async () => ({
    method: 'PUT',
    path: '/v1/prices/import',
    body: {
      source: 'a list',
      cards: [{ provider: 'maker', model: uuidv7(), rates: [{ unit: 'input', nanoUsdPerMillion: 1 }] }],
    },
  }),
  setCreditRate: async () => ({
    method: 'PUT',
    path: '/v1/credit-rate',
    body: { nanoUsdPerCredit: 1_000_000_000, markupBasisPoints: Math.ceil(Math.random() * 1_000_000) },
  }),
  openAccount: async () => post('/accounts', { account: `smart_layer/${uuidv7()}` }),
  updateAccount: async (server) => ({
    method: 'PATCH',
    path: `${project}/accounts/${encodeURIComponent(await openAccount(server))}`,
    body: { metadata: { note: uuidv7() } },
  }),
  ensureUser: async () => ({ method: 'PUT', path: `${project}/users`, body: { user: uuidv7(), limit: 5 } }),
  grantCredits: async (server) => post('/grants', { account: await openAccount(server), amount: 5 }),
  reserveHold: async () => post('/holds', { account: 'smart_layer', amount: 5 }),
  extendHold: async (server) => post(`/holds/${await reserve(server)}/extend`, { add: 1 }),
  captureHold: async (server) => post(`/holds/${await reserve(server)}/capture`, { amount: 1 }),
  settleHold: async (server) => post(`/holds/${await reserve(server)}/settle`, { amount: 1 }),
  voidHold: async (server) => post(`/holds/${await reserve(server)}/void`),
  chargeCredits: async () => post('/charges', { account: 'smart_layer', amount: 1 }),
  refundCharge: async (server) => {
    const { tx } = await act(server, post('/charges', { account: 'smart_layer', amount: 1 }))
    return post('/refunds', { tx })
  },
  refundHold: async (server) => {
    const hold = await reserve(server)
    await act(server, post(`/holds/${hold}/settle`, { amount: 1 }))
    return post(`/holds/${hold}/refund`)
  },
  transferCredits: async (server) => {
    const [from, to] = [await openAccount(server), await openAccount(server)]
    await act(server, post('/grants', { account: from, amount: 5 }))
    return post('/transfers', { from, to, amount: 2 })
  },
  runBatch: async () => post('/batches', { ops: [{ op: 'charge', account: 'smart_layer', amount: 1 }] }),
  openCreditLease: async () => post('/credit-leases', leaseOf()),
  reportCreditLease: async (server) => {
    const items = [{ amount: 1, at: new Date().toISOString() }]
    return post(`/credit-leases/${await openLease(server)}/report`, { seq: 1, items })
  },
  closeCreditLease: async (server) => post(`/credit-leases/${await openLease(server)}/close`),
  setBudget: async (server) => ({
    method: 'PUT',
    path: await budgetPath(server),
    body: { period: 'day', limit: 10 },
  }),
  removeBudget: async (server) => {
    const path = await budgetPath(server)
    await act(server, { method: 'PUT', path, body: { period: 'day', limit: 10 } })
    return { method: 'DELETE', path }
  },
  rebalanceBudgets: async () => post('/rebalances', { parent: 'smart_layer', budget: 'daily' }),
  removeFile: async (server) => ({ method: 'DELETE', path: await makeFile(server) }),
  beginUpload: async () => post('/uploads', { name: `made/${uuidv7()}`, size: 3 }),
  commitUpload: async (server) => ({ method: 'PUT', path: await makeUpload(server, 'abc'), body: {} }),
  abortUpload: async (server) => ({ method: 'DELETE', path: await makeUpload(server) }),
  setFileQuota: async () => ({
    method: 'PUT',
    path: '/v1/file-quotas/smart_layer',
    body: { bytes: 1e9 + (Date.now() % 1e6) },
  }),
  moveFiles: async (server) => {
    await makeFile(server)
    await server.test.sql(`update core.file set store = 'elsewhere'`)
    return { method: 'POST', path: '/v1/files/move', body: {} }
  },
  putSecret: async () => ({ method: 'PUT', path: secretPath(), body: secretBody }),
  removeSecret: async (server) => ({ method: 'DELETE', path: await addSecret(server, secretPath()) }),
  putSharedSecret: async () => ({ method: 'PUT', path: sharedSecretPath(), body: secretBody }),
  removeSharedSecret: async (server) => ({ method: 'DELETE', path: await addSecret(server, sharedSecretPath()) }),
  rewrapSecrets: async ({ test }) => {
    const name = `s${uuidv7()}`
    const version = uuidv7()
    const sealed = createSealer([secretsKeys[1]]).seal(['smart_layer', name, version], 'value')
    await test.database.rpc('secret_put', {
      p_name: name,
      p_sealed: sealed,
      p_version: version,
      p_project: 'smart_layer',
    })
    return { method: 'POST', path: '/v1/secrets/rewrap', body: {} }
  },
  putWebhook: async () => ({ method: 'PUT', path: webhookPath(), body: webhookBody }),
  rotateWebhookSecret: async (server) => post(`/webhooks/${await addWebhook(server)}/rotate`),
  replayWebhook: async (server) => post(`/webhooks/${await addWebhook(server)}/replay`, { after: 0 }),
  removeWebhook: async (server) => ({ method: 'DELETE', path: `${project}/webhooks/${await addWebhook(server)}` }),
  openSession: async () => post('/sessions', { fingerprint: newFingerprint() }),
  beatSession: async (server) => post(`/sessions/${await openSession(server)}/beat`),
  closeSession: async (server) => ({ method: 'DELETE', path: `${project}/sessions/${await openSession(server)}` }),
  enqueueTask: async () => post('/tasks', { queue: 'q', kind: 'k' }),
  claimTasks: async () => post('/tasks/claim', { queues: ['q'], worker: 'w' }),
  beatTask: async (server) => reportOf(server, 'beat'),
  completeTask: async (server) => reportOf(server, 'complete'),
  failTask: async (server) => reportOf(server, 'fail', { error: 'no' }),
  releaseTask: async (server) => reportOf(server, 'release'),
  cancelTask: async (server) => ({ method: 'DELETE', path: `${project}/tasks/${await enqueueTask(server)}` }),
  retryTask: async (server) => {
    const path = `${project}/tasks/${await enqueueTask(server)}`
    await act(server, { method: 'DELETE', path })
    return { method: 'PUT', path: `${path}/retry`, body: {} }
  },
  setTaskGroup: async () => ({
    method: 'PUT',
    path: `${project}/task-groups`,
    body: { queue: 'q', group: uuidv7(), concurrency: 2 },
  }),
  sendMessage: async () => post('/messages', { to: 'smart_layer', type: 't' }),
  receiveMessages: async () => post('/inbox/receive', { limit: 1 }),
  ackMessages: async (server) => post('/inbox/ack', { deliveries: [await receiveMessage(server)] }),
  extendMessages: async (server) => post('/inbox/extend', { deliveries: [await receiveMessage(server)] }),
  nackMessage: async (server) => post('/inbox/nack', await receiveMessage(server)),
  retryMessage: async (server) => {
    const { delivery, fence } = await receiveMessage(server)
    await act(server, post('/inbox/nack', { delivery, fence, outcome: 'dead' }))
    return { method: 'PUT', path: `${project}/inbox/${delivery}/retry`, body: {} }
  },
  subscribeTopic: async () => ({
    method: 'PUT',
    path: `${project}/subscriptions`,
    body: { topic: `topic:${uuidv7()}` },
  }),
  unsubscribeTopic: async (server) => {
    const topic = `topic:${uuidv7()}`
    await act(server, { method: 'PUT', path: `${project}/subscriptions`, body: { topic } })
    return { method: 'DELETE', path: `${project}/subscriptions?topic=${topic}` }
  },
  takeClaim: async (server) => post('/claims', { session: await openSession(server), resource: uuidv7() }),
  renewClaim: async (server) => post('/claims/renew', await takeClaim(server)),
  releaseClaim: async (server) => post('/claims/release', await takeClaim(server)),
  acquireLock: async () => post('/locks', { name: uuidv7(), holder: 'h' }),
  renewLock: async (server) => post('/locks/renew', await acquireLock(server)),
  releaseLock: async (server) => post('/locks/release', await acquireLock(server)),
  sealLedger: async () => ({ method: 'POST', path: '/v1/system/seal', body: {} }),
}

const secretBody = { value: 'a value' }
const secretPath = () => `${project}/secrets/s${uuidv7()}`
const sharedSecretPath = () => `/v1/secrets/s${uuidv7()}`

async function addSecret(server: TestServer, path: string): Promise<string> {
  await act(server, { method: 'PUT', path, body: secretBody })
  return path
}

const webhookBody = { url: 'https://receiver.example/core', topics: ['flag'] }
const webhookPath = () => `${project}/webhooks/h${uuidv7()}`

async function addWebhook(server: TestServer): Promise<unknown> {
  const { name } = await act(server, { method: 'PUT', path: webhookPath(), body: webhookBody })
  return name
}

async function act(server: TestServer, { method, path, body }: MutationRequest): Promise<Record<string, unknown>> {
  const reply = await server.send(method, path, { key: server.owner, body })
  if (reply.status >= 300) throw new Error(`${method} ${path} was answered with ${reply.status}: ${reply.text}`)
  return reply.body
}

async function recordError({ test }: TestServer): Promise<string> {
  const fingerprint = uuidv7().replaceAll('-', '')
  const at = new Date().toISOString()
  const fault = { kind: 'loop', name: 'Error', place: 'a loop', message: 'no', count: 1, first_seen: at, last_seen: at }
  await test.database.rpc('error_record', { p_groups: [{ ...fault, fingerprint, project: 'smart_layer' }] })
  const [{ id } = {}] = await test.sql('select id from core.error_group where fingerprint = $1', [fingerprint])
  return String(id)
}

async function makeKey(server: TestServer, prefix = project): Promise<string> {
  const made = await act(server, { method: 'POST', path: `${prefix}/api-keys`, body: { name: 'made' } })
  return String(made['id'])
}

async function makeUpload(server: TestServer, content?: string): Promise<string> {
  const begun = await act(server, post('/uploads', { name: `made/${uuidv7()}`, size: 3 }))
  if (content !== undefined) {
    const url = String(begun['url']).replace(/^https?:\/\/[^/]+/, '')
    const headers = { 'content-type': 'application/octet-stream' }
    const sent = await server.app.inject({ method: 'PUT', url, headers, payload: Buffer.from(content) })
    if (sent.statusCode !== 204) throw new Error(`the content was answered with ${sent.statusCode}: ${sent.body}`)
  }
  return `${project}/uploads/${begun['upload']}`
}

async function makeFile(server: TestServer): Promise<string> {
  const file = await act(server, { method: 'PUT', path: await makeUpload(server, 'abc'), body: {} })
  return `${project}/files/${encodeURIComponent(String(file['name']))}`
}

const sharePath = () => `${project}/shares/cache/${uuidv7()}/*`

async function shareInsight(server: TestServer, author: string): Promise<string> {
  const path = `/v1/projects/${author}/insights`
  const { insight } = await act(server, { method: 'POST', path, body: { category: 'latency', title: uuidv7() } })
  return String(insight)
}

const cachePath = () => `${project}/cache/${uuidv7()}`

const embeddingPath = () => `${project}/embeddings/e${uuidv7()}`

async function makeEmbeddingSpace(server: TestServer): Promise<string> {
  const path = embeddingPath()
  await act(server, { method: 'PUT', path, body: {} })
  return path
}

const memberPath = () => `${project}/members/user:${uuidv7()}`

async function openAccount(server: TestServer): Promise<string> {
  return String((await act(server, post('/accounts', { account: `smart_layer/${uuidv7()}` })))['account'])
}

async function budgetPath(server: TestServer): Promise<string> {
  return `${project}/accounts/${encodeURIComponent(await openAccount(server))}/budgets/daily`
}

async function reserve(server: TestServer): Promise<string> {
  return String((await act(server, post('/holds', { account: 'smart_layer', amount: 5 })))['hold'])
}

const leaseOf = () => ({ account: 'smart_layer', amount: 5, ttlSeconds: 60, device: 'laptop' })

const newFingerprint = () => createHash('sha256').update(uuidv7()).digest('hex')

async function openSession(server: TestServer): Promise<string> {
  return String((await act(server, post('/sessions', { fingerprint: newFingerprint() })))['session'])
}

async function enqueueTask(server: TestServer, queue = 'q'): Promise<string> {
  return String((await act(server, post('/tasks', { queue, kind: 'k' })))['task'])
}

/** A report on a task that is claimed. */
async function reportOf(server: TestServer, verb: string, more: object = {}): Promise<MutationRequest> {
  const queue = uuidv7()
  const id = await enqueueTask(server, queue)
  const { tasks } = await act(server, post('/tasks/claim', { queues: [queue], worker: 'w' }))
  return post(`/tasks/${id}/${verb}`, { fence: Object(tasks)[0].fence, ...more })
}

async function receiveMessage(server: TestServer) {
  await act(server, post('/messages', { to: 'smart_layer', type: 't' }))
  const { messages } = await act(server, post('/inbox/receive', { limit: 1 }))
  const { delivery, fence } = Object(messages)[0]
  return { delivery: String(delivery), fence: Number(fence) }
}

async function takeClaim(server: TestServer) {
  const body = { session: await openSession(server), resource: uuidv7() }
  const { resource, fence } = await act(server, post('/claims', body))
  return { resource, fence }
}

async function acquireLock(server: TestServer) {
  const { name, fence } = await act(server, post('/locks', { name: uuidv7(), holder: 'h' }))
  return { name, fence }
}

async function openLease(server: TestServer): Promise<string> {
  return String((await act(server, post('/credit-leases', leaseOf())))['lease'])
}

async function makeProject(server: TestServer): Promise<string> {
  const path = `/v1/projects/made_${uuidv7().replaceAll('-', '')}`
  await act(server, { method: 'PUT', path, body: {} })
  return path
}
