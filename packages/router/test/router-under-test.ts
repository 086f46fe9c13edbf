import { createTestDatabase } from '@core/database/testing'
import { type Credits, createLedger, credits, type Ledger } from '@core/ledger'
import { startFakeProvider } from '@core/providers/testing'
import { expect } from 'vitest'
import {
  type CallRecord,
  createProviderTransports,
  createRouter,
  type KeptAnswer,
  type Operation,
  type Provider,
  type Route,
  type RoutePolicy,
  type Router,
  type RouterDependencies,
  type RouteTarget,
  type Sink,
  type Unsettled,
} from '../src/index.ts'

const ratesOf = (usdPerMillion: number) => ({
  rates: [
    { unit: 'input', nanoUsdPerMillion: usdPerMillion * 1e9 },
    { unit: 'cacheRead', nanoUsdPerMillion: usdPerMillion * 1e8 },
    { unit: 'output', nanoUsdPerMillion: usdPerMillion * 2e9 },
    { unit: 'seconds', nanoUsdPerMillion: usdPerMillion * 1e9 },
  ] as const,
  credit: { nanoUsdPerCredit: 1e9, markupBasisPoints: 0 },
})

export interface OpenOptions {
  readonly amount?: Credits
  readonly usdPerMillion?: number
  readonly limits?: RouterDependencies['limits']
  readonly policy?: RoutePolicy
  readonly providers?: readonly Provider[]
  readonly routes?: readonly Route[]
  readonly dependencies?: Partial<RouterDependencies>
}

export interface Answered {
  status: number
  headers: Readonly<Record<string, string>>
  text: string
}

export interface AskOptions {
  readonly operation?: Operation
  readonly leaves?: boolean
  readonly breaks?: boolean
  readonly key?: string
  readonly account?: string
  readonly cacheSeconds?: number
  readonly headers?: Readonly<Record<string, string>>
}

export interface Opened {
  readonly project: string
  readonly router: Router
  readonly ledger: Ledger
  readonly records: readonly CallRecord[]
  readonly unsettled: readonly Unsettled[]
  balance(): Promise<{ readonly spent: number; readonly held: number }>
}

/** A ledger on a real database, and a provider over HTTP that fails as asked. */
export async function openRouterUnderTest() {
  const fake = await startFakeProvider({ pauseMs: 5 })
  const server = await createTestDatabase()
  let projects = 0
  let ids = 0

  /** A project with 100 credits, and a router whose route `fast` leads to these targets in this order. */
  async function open(
    targets: readonly string[],
    {
      amount = credits(100),
      usdPerMillion = 1,
      limits = {},
      policy,
      providers = [],
      routes = [],
      dependencies,
    }: OpenOptions = {},
  ): Promise<Opened> {
    const project = `routed_${++projects}`
    const owner = createLedger({ database: server.database })
    await server.database.rpc('project_register', { p_name: project })
    await server.database.rpc('ledger_account_open', {
      p_key: `open:${project}`,
      p_account: project,
      p_kind: 'project',
    })
    await owner.grant({ account: project, amount })
    const ledger = createLedger({
      database: server.database,
      claims: {
        role: 'core_member',
        project,
        caps: ['ledger:spend', 'ledger:read', 'ledger:account'],
        sub: 'key:test',
      },
    })
    const records: CallRecord[] = []
    const kept = new Map<string, KeptAnswer>()
    const unsettled: Unsettled[] = []
    const provider = (name: string, kind: string) => ({ name, kind, project: null, baseUrl: fake.url })
    const toTarget = (text: string): RouteTarget => {
      const [name = '', model] = text.split('/')
      return { provider: name, model }
    }
    const router = createRouter({
      routing: () => ({
        providers: [
          ...providers,
          provider('one', 'openai'),
          provider('two', 'openai'),
          provider('dear', 'openai'),
          provider('claude', 'anthropic'),
          provider('local', 'local'),
        ],
        routes: [
          ...routes,
          { name: 'fast', project: null, targets: targets.map(toTarget), policy: { choose: 'order', ...policy } },
        ],
      }),
      prices: () => ({
        find: (name, model) =>
          model === 'unpriced' ? undefined : ratesOf(name === 'dear' ? 10 * usdPerMillion : usdPerMillion),
      }),
      transports: createProviderTransports({
        guard: { check: () => {}, lookupFor: () => undefined },
        keyOf: async () => 'canary-provider-key',
      }),
      keepUnsettled: async (one) => void unsettled.push(one),
      answers: {
        find: async ({ keyHash }) => kept.get(keyHash),
        keep: async ({ keyHash }, answer) => void kept.set(keyHash, answer),
      },
      onCall: (record) => records.push(record),
      limits: { settleMs: 300, ...limits },
      ...dependencies,
    })
    const balance = async () => {
      const found = await ledger.balance(project)
      if (!('available' in found)) throw new Error('no balance')
      return { spent: amount - found.settled, held: found.held }
    }
    return { project, router, ledger, records, unsettled, balance }
  }

  async function ask(
    { router, project, ledger }: Opened,
    body: object,
    {
      operation = 'chat',
      leaves = false,
      breaks = false,
      key,
      account = project,
      cacheSeconds,
      headers = {},
    }: AskOptions = {},
  ): Promise<Answered> {
    const { sink, answered } = createSink(leaves, breaks)
    const messages = [{ role: 'user', content: 'Canary prompt: what is a hold?' }]
    await router.proxy(
      {
        id: `call_${++ids}`,
        dialect: operation === 'messages' ? 'anthropic' : 'openai',
        operation,
        body: Buffer.from(JSON.stringify({ messages, max_tokens: 500, ...body })),
        contentType: 'application/json',
        headers,
        cacheSeconds,
        caller: { project, account, subject: 'key:test', tags: [], ledger, idempotencyKey: key },
      },
      sink,
    )
    return answered
  }

  async function audit({ project }: Opened): Promise<void> {
    expect(await server.database.rpc('ledger_audit', { p_account: project })).toMatchObject({ ok: true })
  }

  return {
    fake,
    database: server.database,
    open,
    ask,
    audit,
    async [Symbol.asyncDispose]() {
      await fake[Symbol.asyncDispose]()
      await server.drop()
    },
  }
}

function createSink(leaves: boolean, breaks: boolean) {
  const left = new AbortController()
  const answered: Answered = { status: 0, headers: {}, text: '' }
  const sink: Sink = {
    gone: left.signal,
    get hasBegun() {
      return answered.status !== 0
    },
    begin(headers) {
      if (answered.status === 0) Object.assign(answered, { status: 200, headers })
    },
    write(bytes) {
      answered.text += Buffer.from(bytes).toString()
      if (leaves && answered.text.includes('delta')) left.abort()
      return undefined
    },
    end() {},
    send(status, headers, body) {
      if (breaks && status === 200) throw new TypeError('a header that cannot be sent')
      new Headers(headers) // as a server, it takes no header that none can carry
      if (answered.status === 0) Object.assign(answered, { status, headers, text: Buffer.from(body).toString() })
    },
  }
  if (leaves) setTimeout(() => left.abort(), 20).unref()
  return { sink, answered }
}
