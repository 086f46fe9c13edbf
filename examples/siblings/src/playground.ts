import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Client, createClient } from '@core/api/client'
import { isCoreError } from '@core/foundation'
import { type Core, openCore } from '@core/sdk'
import { type Part, startPart } from './parts.ts'

export const siblings = ['smart_layer', 'manus_origin'] as const
export type SiblingName = (typeof siblings)[number]

/** What a service needs: most of what new keys have, and to decide on insights and write embeddings. */
const scopes = [
  ...(['ledger:read', 'ledger:spend', 'model:call', 'price:read', 'cache:read', 'cache:write'] as const),
  ...(['embedding:read', 'embedding:write', 'task:enqueue', 'task:work', 'message:send', 'message:receive'] as const),
  ...(['insight:share', 'insight:decide', 'session:run', 'fleet:read', 'flag:read'] as const),
]

/** A control plane, and both services on it, each a process of its own. */
export interface Playground extends AsyncDisposable {
  readonly plane: Part
  readonly services: Readonly<Record<SiblingName, Part>>
  readonly urls: Readonly<Record<SiblingName, string>>
  /** Of the owner. */
  readonly owner: Client
  /** With the key of each project, to look at what it keeps. */
  readonly cores: Readonly<Record<SiblingName, Core>>
  /** Ends the services; the control plane stays. */
  stopServices(): Promise<void>
}

const examples = join(import.meta.dirname, '../..')
const ownerKey = 'owner-key-of-the-siblings-0123456789'

export const planeProgram = join(examples, '../apps/cli/src/main.ts')

/** `env`: where the database is, `CORE_DATA_DIR` or `CORE_DATABASE_URL`. */
export async function openPlayground(
  env: Readonly<Record<string, string>>,
  program: string = planeProgram,
): Promise<Playground> {
  const [port, ...ports] = await findPorts(3)
  const url = `http://127.0.0.1:${port}`
  const plane = startPart({
    name: 'control plane',
    command: [program, 'start'],
    env: {
      CORE_HTTP_PORT: String(port),
      CORE_METRICS_ENABLED: 'false',
      CORE_OWNER_KEY: ownerKey,
      CORE_BACKGROUND_REBALANCE_EVERY_SECONDS: '1',
      CORE_LOG_LEVEL: 'warn',
      ...env,
    },
  })
  const owner = createClient({ url, key: ownerKey, timeoutMs: 10_000 })
  const opened: AsyncDisposable[] = []
  try {
    await untilReady(owner, plane)
    const keys = await prepare(owner)
    const urls = { smart_layer: `http://127.0.0.1:${ports[0]}`, manus_origin: `http://127.0.0.1:${ports[1]}` }
    const start = (project: SiblingName) =>
      startPart({
        name: project,
        command: [join(examples, project.replace('_', '-'), 'src/main.ts')],
        env: {
          CORE_URL: url,
          CORE_KEY: keys[project],
          PORT: new URL(urls[project]).port,
          SMART_LAYER_URL: urls.smart_layer,
        },
      })
    const services = { smart_layer: start('smart_layer'), manus_origin: start('manus_origin') }
    opened.push({ [Symbol.asyncDispose]: async () => void (await stopAll(Object.values(services))) })
    const open = (project: SiblingName) => openCore({ url, key: keys[project], project, timeoutMs: 20_000 })
    const cores = { smart_layer: await open('smart_layer'), manus_origin: await open('manus_origin') }
    opened.push(...Object.values(cores))
    return {
      plane,
      services,
      urls,
      owner,
      cores,
      stopServices: () => stopAll(Object.values(services)),
      async [Symbol.asyncDispose]() {
        for (const one of opened.reverse()) await one[Symbol.asyncDispose]()
        await plane.stop()
      },
    }
  } catch (error) {
    for (const one of opened.reverse()) await one[Symbol.asyncDispose]()
    await plane.stop()
    throw error
  }
}

async function stopAll(parts: readonly Part[]): Promise<void> {
  await Promise.all(parts.map((part) => part.stop()))
}

async function untilReady(owner: Client, plane: Part): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (
      await owner.ready().then(
        () => true,
        () => false,
      )
    )
      return
    await setTimeout(200)
  }
  throw new Error(`the control plane does not start: ${plane.lastLine}`)
}

/** Both projects on one pool, with budgets of which the smaller one is too small, and what they share. */
async function prepare(owner: Client): Promise<Record<SiblingName, string>> {
  const pool = { project: 'pool' }
  await once(owner.openAccount({ params: pool, body: { account: 'pool', kind: 'pool' } }))
  const grant = { account: 'pool', amount: 1_000_000_000, reason: 'the siblings' }
  await owner.grantCredits({ params: pool, body: grant }, { idempotencyKey: 'siblings:grant' })
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
  ] as const
  await owner.setPrice({ body: { provider: 'local', model: 'local', rates: [...rates] } })
  const keys = { smart_layer: '', manus_origin: '' }
  for (const project of siblings) await owner.putProject({ params: { project }, body: {} })
  for (const project of siblings) {
    const params = { project }
    const account = { account: project, kind: 'project', parent: 'pool', funding: 'parent' } as const
    await once(owner.openAccount({ params, body: account }))
    const limit = project === 'smart_layer' ? 100_000_000 : 500_000
    await owner.setBudget({
      params: { project, code: project, budget: 'daily' },
      body: { period: 'day', limit, floor: 200_000 },
    })
    const other = siblings.find((name) => name !== project) ?? project
    const queue = project === 'smart_layer' ? 'essays' : 'errands'
    await owner.putShare({
      params: { project, kind: 'queue', name: queue, grantee: other },
      body: { rights: ['work'] },
    })
    const { secret } = await owner.createApiKey({ params, body: { name: 'siblings', scopes: [...scopes] } })
    keys[project] = secret ?? ''
  }
  return keys
}

/** The first start of an embedded database makes the pool and both accounts. */
async function once(opening: Promise<unknown>): Promise<void> {
  await opening.catch((error: unknown) => {
    if (!isCoreError(error, 'E_CONFLICT')) throw error
  })
}

async function findPorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
