import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '@core/api/client'
import { type Database, openDatabase } from '@core/database'
import { startPostgresServer } from '@core/database/testing'
import { createLedger, credits, microCredits } from '@core/ledger'
import { type ChildServer, forkServer } from '../http/child-server.ts'
import { createModelClient, type ModelClient } from './model-client.ts'

const ownerKey = 'bench-owner-key-0123456789-0123456789'
const project = 'bench_models'

export interface Gateway {
  readonly name: string
  readonly server: ChildServer
  readonly client: ModelClient
}

export interface Gateways extends AsyncDisposable {
  readonly direct: Gateway
  readonly core: Gateway
  readonly portkey: Gateway
  readonly project: string
  readonly database: Pick<Database, 'rpc'>
  /** A key of Core for an account with that many micro-credits. */
  openAccount(name: string, amount: number): Promise<ModelClient>
  /** What is held now. */
  held(): Promise<number>
}

/** The same cheap provider, called at once, through Core with its ledger on a server, and through Portkey. */
export async function openGateways(folder: string): Promise<Gateways> {
  await using stack = new AsyncDisposableStack()
  const postgres = await startPostgresServer({ folder: join(folder, 'server'), durable: true, migrated: true })
  stack.defer(() => postgres.stop())
  const database = stack.use(await openDatabase({ driver: 'postgres', url: postgres.url() }))
  const upstream = stack.use(await forkServer('../router/upstream-server.ts', {}))
  const core = stack.use(
    await forkServer('./plane-server.ts', {
      CORE_HTTP_PORT: '0',
      CORE_OWNER_KEY: ownerKey,
      CORE_DATABASE_URL: postgres.url(),
      CORE_DATA_DIR: await mkdtemp(join(folder, 'plane-')),
      CORE_ROUTER_PRIVATE_HOSTS: new URL(upstream.url).host,
      CORE_SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
      CORE_LOG_LEVEL: 'warn',
    }),
  )
  const portkey = stack.use(await forkServer('../router/portkey-server.ts', {}))
  const owner = createClient({ url: core.url, key: ownerKey })
  const ledger = createLedger({ database })
  await database.rpc('project_register', { p_name: project })
  await database.rpc('ledger_account_open', { p_key: 'bench', p_account: project, p_kind: 'project' })
  await ledger.grant({ account: project, amount: credits(1_000_000) })
  const shared = { shared: 'true' } as const
  await owner.setProvider({
    params: { project, name: 'bench' },
    query: shared,
    body: { kind: 'openai', baseUrl: `${upstream.url}/v1` },
  })
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
  ] as const
  for (const model of ['plain', 'stream', 'stream-3000', 'stream-20000'])
    await owner.setPrice({ body: { provider: 'bench', model, rates: [...rates] } })
  const { secret = '' } = await owner.createApiKey({
    params: { project },
    body: { name: 'bench', scopes: ['model:call'] },
  })
  const coreUrl = `${core.url}/v1/projects/${project}/openai/v1/chat/completions`
  const toGateway = (name: string, server: ChildServer, url: string, headers: Record<string, string>): Gateway => {
    const client = createModelClient(url, headers)
    stack.defer(() => client[Symbol.dispose]())
    return { name, server, client }
  }
  const gateways = {
    direct: toGateway('direct', upstream, `${upstream.url}/v1/chat/completions`, {}),
    core: toGateway('Core', core, coreUrl, { authorization: `Bearer ${secret}` }),
    portkey: toGateway('Portkey', portkey, `${portkey.url}/v1/chat/completions`, {
      authorization: 'Bearer sk-bench',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `${upstream.url}/v1`,
    }),
  }
  const moved = stack.move()
  return {
    ...gateways,
    project,
    database,
    async openAccount(name, amount) {
      const account = `${project}/${name}`
      await database.rpc('ledger_account_open', {
        p_key: name,
        p_account: account,
        p_kind: 'user',
        p_parent: project,
      })
      await ledger.grant({ account, amount: microCredits(amount) })
      const client = createModelClient(coreUrl, { authorization: `Bearer ${secret}`, 'core-account': account })
      moved.defer(() => client[Symbol.dispose]())
      return client
    },
    async held() {
      const found = await ledger.balance(project)
      if (!('held' in found)) throw new Error('the project has no account')
      return found.held
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}
