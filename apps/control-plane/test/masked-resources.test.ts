import { type RouteContract, routes, scopeNames } from '@core/api'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestServer, type Reply, type TestServer } from './test-server.ts'

/**
 * Within the own project, what is named by an id or a code of another project is answered as what does not exist: byte for
 * byte, but for the id itself.
 */

let server: TestServer
let key: string
const theirs: Record<string, string> = {}
const nobodys: Record<string, string> = {
  hold: uuidv7(),
  lease: uuidv7(),
  key: uuidv7(),
  error: uuidv7(),
  tx: '99999999',
  account: 'manus_nobody',
  session: uuidv7(),
  task: uuidv7(),
  message: uuidv7(),
  delivery: uuidv7(),
  insight: uuidv7(),
  subject: `user:${uuidv7()}`,
  share: uuidv7(),
  webhook: 'nobodys',
  secret: 'nobodys',
}

beforeAll(async () => {
  server = await openTestServer()
  key = await server.makeKey('smart_layer', scopeNames)
  const there = '/v1/projects/manus_origin'
  const make = async (path: string, body: object) => {
    const reply = await server.send('POST', `${there}${path}`, { key: server.owner, body })
    if (reply.status !== 201) throw new Error(reply.text)
    return reply.body
  }
  theirs['account'] = 'manus_origin'
  theirs['hold'] = String((await make('/holds', { account: 'manus_origin', amount: 5 }))['hold'])
  theirs['tx'] = String((await make('/charges', { account: 'manus_origin', amount: 5 }))['tx'])
  const lease = { account: 'manus_origin', amount: 5, ttlSeconds: 60, device: 'laptop' }
  theirs['lease'] = String((await make('/credit-leases', lease))['lease'])
  theirs['key'] = String((await make('/api-keys', { name: 'theirs' }))['id'])
  theirs['task'] = String((await make('/tasks', { queue: 'q', kind: 'k' }))['task'])
  theirs['message'] = String((await make('/messages', { to: 'manus_origin', type: 't', awaitReply: true }))['message'])
  const received = await server.send('POST', `${there}/inbox/receive`, { key: server.owner, body: { limit: 1 } })
  theirs['delivery'] = Object(received.body['messages'])[0].delivery
  theirs['session'] = String((await make('/sessions', { fingerprint: 'a'.repeat(64) }))['session'])
  theirs['subject'] = `user:${uuidv7()}`
  const member = { key: server.owner, body: { role: 'viewer' } }
  await server.send('PUT', `${there}/members/${theirs['subject']}`, member)
  theirs['insight'] = String((await make('/insights', { category: 'c', title: 't' }))['insight'])
  theirs['share'] = uuidv7()
  const shared = { key: server.owner, body: { rights: ['read'] } }
  await server.send('PUT', `${there}/shares/cache/${theirs['share']}/*`, shared)
  theirs['webhook'] = 'theirs'
  theirs['secret'] = 'theirs'
  await server.send('PUT', `${there}/secrets/theirs`, { key: server.owner, body: { value: 'theirs' } })
  const webhook = { url: 'https://receiver.example/core', topics: ['flag'] }
  await server.send('PUT', `${there}/webhooks/theirs`, { key: server.owner, body: webhook })
  const at = new Date().toISOString()
  const fault = { kind: 'loop', name: 'Error', place: 'a loop', message: 'no', count: 1, first_seen: at, last_seen: at }
  const fingerprint = uuidv7().replaceAll('-', '')
  await server.test.database.rpc('error_record', { p_groups: [{ ...fault, fingerprint, project: 'manus_origin' }] })
  const [{ id } = {}] = await server.test.sql('select id from core.error_group')
  theirs['error'] = String(id)
})
afterAll(() => server[Symbol.asyncDispose]())

const all: readonly RouteContract[] = routes

interface Named {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}
type Name = (id: string) => Named

const budget = { period: 'day', limit: 5 }
/** For each route that takes an id or a code, the requests that name it. */
const named: Readonly<Record<string, readonly [kind: string, name: Name][]>> = {
  getApiKey: [['key', (id) => ({ method: 'GET', path: `/api-keys/${id}` })]],
  updateApiKey: [['key', (id) => ({ method: 'PATCH', path: `/api-keys/${id}`, body: { name: 'mine' } })]],
  rerollApiKey: [['key', (id) => ({ method: 'POST', path: `/api-keys/${id}/reroll`, body: {} })]],
  revokeApiKey: [['key', (id) => ({ method: 'DELETE', path: `/api-keys/${id}` })]],
  getMember: [['subject', (id) => ({ method: 'GET', path: `/members/${id}` })]],
  updateMember: [['subject', (id) => ({ method: 'PATCH', path: `/members/${id}`, body: { name: 'mine' } })]],
  removeMember: [['subject', (id) => ({ method: 'DELETE', path: `/members/${id}` })]],
  removeShare: [['share', (id) => ({ method: 'DELETE', path: `/shares/cache/${id}/*` })]],
  getCacheEntry: [['share', (id) => ({ method: 'GET', path: `/cache/n/entries/${id}` })]],
  markError: [['error', (id) => ({ method: 'PATCH', path: `/errors/${id}`, body: { status: 'ignored' } })]],
  listAccounts: [['account', (id) => ({ method: 'GET', path: `/accounts?parent=${id}` })]],
  openAccount: [
    ['account', (id) => ({ method: 'POST', path: '/accounts', body: { account: `${id}/mine` } })],
    ['account', (id) => ({ method: 'POST', path: '/accounts', body: { account: 'smart_layer/mine', parent: id } })],
  ],
  getAccount: [['account', (id) => ({ method: 'GET', path: `/accounts/${id}` })]],
  updateAccount: [['account', (id) => ({ method: 'PATCH', path: `/accounts/${id}`, body: { status: 'frozen' } })]],
  getBalance: [['account', (id) => ({ method: 'GET', path: `/accounts/${id}/balance` })]],
  getHistory: [['account', (id) => ({ method: 'GET', path: `/accounts/${id}/history` })]],
  listHolds: [['account', (id) => ({ method: 'GET', path: `/holds?account=${id}` })]],
  listCreditLeases: [['account', (id) => ({ method: 'GET', path: `/credit-leases?account=${id}` })]],
  listCharges: [['account', (id) => ({ method: 'GET', path: `/charges?account=${id}` })]],
  listRefunds: [['account', (id) => ({ method: 'GET', path: `/refunds?account=${id}` })]],
  getUsage: [['account', (id) => ({ method: 'GET', path: `/accounts/${id}/usage` })]],
  grantCredits: [['account', (id) => ({ method: 'POST', path: '/grants', body: { account: id, amount: 5 } })]],
  reserveHold: [['account', (id) => ({ method: 'POST', path: '/holds', body: { account: id, amount: 5 } })]],
  getHold: [['hold', (id) => ({ method: 'GET', path: `/holds/${id}` })]],
  extendHold: [['hold', (id) => ({ method: 'POST', path: `/holds/${id}/extend`, body: { add: 1 } })]],
  captureHold: [['hold', (id) => ({ method: 'POST', path: `/holds/${id}/capture`, body: { amount: 1 } })]],
  settleHold: [['hold', (id) => ({ method: 'POST', path: `/holds/${id}/settle`, body: { amount: 1 } })]],
  voidHold: [['hold', (id) => ({ method: 'POST', path: `/holds/${id}/void`, body: {} })]],
  chargeCredits: [['account', (id) => ({ method: 'POST', path: '/charges', body: { account: id, amount: 5 } })]],
  refundCharge: [['tx', (id) => ({ method: 'POST', path: '/refunds', body: { tx: Number(id) } })]],
  refundHold: [['hold', (id) => ({ method: 'POST', path: `/holds/${id}/refund`, body: {} })]],
  transferCredits: [
    ['account', (id) => ({ method: 'POST', path: '/transfers', body: { from: id, to: 'smart_layer', amount: 1 } })],
    ['account', (id) => ({ method: 'POST', path: '/transfers', body: { from: 'smart_layer', to: id, amount: 1 } })],
  ],
  openCreditLease: [
    [
      'account',
      (id) => ({
        method: 'POST',
        path: '/credit-leases',
        body: { account: id, amount: 5, ttlSeconds: 60, device: 'laptop' },
      }),
    ],
  ],
  getCreditLease: [['lease', (id) => ({ method: 'GET', path: `/credit-leases/${id}` })]],
  reportCreditLease: [
    [
      'lease',
      (id) => ({
        method: 'POST',
        path: `/credit-leases/${id}/report`,
        body: { seq: 1, items: [{ amount: 1, at: '2026-11-20T09:30:00Z' }] },
      }),
    ],
  ],
  closeCreditLease: [['lease', (id) => ({ method: 'POST', path: `/credit-leases/${id}/close`, body: {} })]],
  listBudgets: [['account', (id) => ({ method: 'GET', path: `/accounts/${id}/budgets` })]],
  setBudget: [['account', (id) => ({ method: 'PUT', path: `/accounts/${id}/budgets/daily`, body: budget })]],
  removeBudget: [['account', (id) => ({ method: 'DELETE', path: `/accounts/${id}/budgets/daily` })]],
  rebalanceBudgets: [
    ['account', (id) => ({ method: 'POST', path: '/rebalances', body: { parent: id, budget: 'daily' } })],
  ],
  getWebhook: [['webhook', (id) => ({ method: 'GET', path: `/webhooks/${id}` })]],
  removeSecret: [['secret', (id) => ({ method: 'DELETE', path: `/secrets/${id}` })]],
  removeWebhook: [['webhook', (id) => ({ method: 'DELETE', path: `/webhooks/${id}` })]],
  rotateWebhookSecret: [['webhook', (id) => ({ method: 'POST', path: `/webhooks/${id}/rotate`, body: {} })]],
  replayWebhook: [['webhook', (id) => ({ method: 'POST', path: `/webhooks/${id}/replay`, body: { after: 0 } })]],
  testWebhook: [['webhook', (id) => ({ method: 'POST', path: `/webhooks/${id}/test` })]],
  beatSession: [['session', (id) => ({ method: 'POST', path: `/sessions/${id}/beat`, body: {} })]],
  closeSession: [['session', (id) => ({ method: 'DELETE', path: `/sessions/${id}` })]],
  removeInsight: [['insight', (id) => ({ method: 'DELETE', path: `/insights/${id}` })]],
  getMessage: [['message', (id) => ({ method: 'GET', path: `/messages/${id}` })]],
  getMessageReply: [['message', (id) => ({ method: 'GET', path: `/messages/${id}/reply` })]],
  ackMessages: [
    ['delivery', (id) => ({ method: 'POST', path: '/inbox/ack', body: { deliveries: [{ delivery: id, fence: 1 }] } })],
  ],
  extendMessages: [
    [
      'delivery',
      (id) => ({ method: 'POST', path: '/inbox/extend', body: { deliveries: [{ delivery: id, fence: 1 }] } }),
    ],
  ],
  nackMessage: [['delivery', (id) => ({ method: 'POST', path: '/inbox/nack', body: { delivery: id, fence: 1 } })]],
  retryMessage: [['delivery', (id) => ({ method: 'PUT', path: `/inbox/${id}/retry`, body: {} })]],
  sendMessage: [['message', (id) => ({ method: 'POST', path: '/messages', body: { type: 't', replyTo: id } })]],
  getTask: [['task', (id) => ({ method: 'GET', path: `/tasks/${id}` })]],
  beatTask: [['task', (id) => ({ method: 'POST', path: `/tasks/${id}/beat`, body: { fence: 1 } })]],
  completeTask: [['task', (id) => ({ method: 'POST', path: `/tasks/${id}/complete`, body: { fence: 1 } })]],
  failTask: [['task', (id) => ({ method: 'POST', path: `/tasks/${id}/fail`, body: { fence: 1, error: 'no' } })]],
  releaseTask: [['task', (id) => ({ method: 'POST', path: `/tasks/${id}/release`, body: { fence: 1 } })]],
  cancelTask: [['task', (id) => ({ method: 'DELETE', path: `/tasks/${id}` })]],
  retryTask: [['task', (id) => ({ method: 'PUT', path: `/tasks/${id}/retry`, body: {} })]],
  auditAccount: [['account', (id) => ({ method: 'GET', path: `/accounts/${id}/audit` })]],
}

// Keys and namespaces of a cache, spaces, providers, routes and files belong to the path's project: there is no other's to find.
const keyed = all
  .filter(
    ({ operation, noun }) =>
      ['cache', 'embeddings', 'models', 'files'].includes(noun) && named[operation] === undefined,
  )
  .map(({ operation }) => operation)

test('every route of a project that takes an id is here', () => {
  const inPath = all.filter(({ path }) => /\{project\}\/.*\{\w+\}/.test(path)).map(({ operation }) => operation)
  // A person who is added need not be a member of anything before, and what is shared need not exist.
  const makers = ['putMember', 'putShare', 'putSecret', 'putWebhook', 'setFlag', 'clearFlag', ...keyed]
  // Insights are every project's to read and decide on.
  const common = ['getInsight', 'decideInsight']
  expect(
    inPath.filter((operation) => ![...makers, ...common].includes(operation) && named[operation] === undefined),
  ).toEqual([])
})

const ask = ({ method, path, body }: Named): Promise<Reply> =>
  server.send(method, `/v1/projects/smart_layer${path}`, { key, ...(body === undefined ? {} : { body }) })
const normal = ({ text }: Reply, id: string) => text.replace(/req_[0-9a-f-]{36}/, 'req').replaceAll(id, 'ID')
const shape = ({ headers }: Reply) => Object.keys(headers)

describe.each(Object.entries(named))('%s', (_, requests) => {
  test.each(requests)('answers another project’s %s as none', async (kind, name) => {
    const [their = '', no = ''] = [theirs[kind], nobodys[kind]]
    const [foreign, missing] = [await ask(name(their)), await ask(name(no))]
    expect(foreign.status, foreign.text).toBe(404)
    expect(normal(foreign, their)).toBe(normal(missing, no))
    expect(shape(foreign)).toEqual(shape(missing))
  })
})

test('nothing of theirs was touched', async () => {
  const { body } = await server.send('GET', '/v1/projects/manus_origin/accounts/manus_origin', { key: server.owner })
  expect(body).toMatchObject({ status: 'active', held: 10 })
  expect(await server.audit()).toMatchObject({ clean: true })
})
