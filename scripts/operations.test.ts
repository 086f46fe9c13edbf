import { execFile, execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodes } from '../apps/cli/src/exit-code.ts'
import { runInProcess } from '../apps/cli/test/run-in-process.ts'
import { startControlPlane } from '../apps/control-plane/src/index.ts'
import { loadConfig } from '../packages/config/src/index.ts'
import { openDatabase } from '../packages/database/src/index.ts'
import {
  createTestDatabase,
  runSql,
  startPostgresServer,
  startSupabaseServer,
} from '../packages/database/src/testing/index.ts'
import { silentLogger } from '../packages/foundation/src/index.ts'
import { credits } from '../packages/ledger/src/index.ts'
import { openCore } from '../packages/sdk/src/index.ts'
import { commandsOf, readMarkdown } from './markdown.ts'

/** The pages for operators, executed: their commands in order on an empty database, their configuration by nginx itself. */

const page = (name: string) =>
  readMarkdown(readFileSync(join(import.meta.dirname, `../docs/operations/${name}.md`), 'utf8'))
const hasNginx = (() => {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'core-operations-'))
  chmodSync(folder, 0o755)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

/** Runs the commands of a page in order, and a control plane from the moment that its keys are known. */
async function follow(
  name: string,
  env: Record<string, string>,
  running: AsyncDisposableStack,
  outputs: string[] = [],
): Promise<string[]> {
  const commands = page(name)
    .blocks.filter(({ language }) => language === 'sh')
    .flatMap(commandsOf)
    .filter((command) => /^(core|pg_dump|pg_restore) /.test(command))
  for (const command of commands) {
    if (command.startsWith('pg_')) {
      // Not spawnSync: the servers of this process write a line for each role that is missing, which somebody must read.
      const ended = await new Promise<{ status: number; stderr: string }>((resolve) => {
        const options = { cwd: folder, env: { PATH: `${postgres15}:${process.env['PATH']}`, ...env } }
        execFile('sh', ['-c', command], { ...options, maxBuffer: 2 ** 26, timeout: 120_000 }, (error, _, stderr) =>
          resolve({ status: error === null ? 0 : 1, stderr }),
        )
      })
      // What the page says: roles are in no dump, and each grant to one that is not there is reported.
      const faults = ended.stderr
        .split('\n')
        .filter((line) => line.includes('ERROR') && !/role "\w+" does not exist/.test(line))
      expect([faults, command.startsWith('pg_dump') ? ended.status : 0], ended.stderr).toEqual([[], 0])
      if (command.startsWith('pg_restore')) env['CORE_DATABASE_URL'] = env['CORE_RESTORED_URL'] ?? ''
      continue
    }
    const result = await runInProcess(command.split(' ').slice(1), { cwd: folder, env })
    expect(result.code, `${command}\n${result.stderr}${result.stdout}`).toBe(0)
    outputs.push(result.stdout)
    if (!command.startsWith('core init')) continue
    // What systemd does next.
    env['CORE_KEY'] = JSON.parse(result.stdout).ownerKey
    const config = loadConfig({ env, cwd: folder, knownVariables: ['CORE_KEY', 'CORE_RESTORED_URL'] })
    running.use(await startControlPlane({ config, logger: silentLogger }))
  }
  return commands
}

test('no command of a page for operators is left out', () => {
  const folderOfPages = join(import.meta.dirname, '../docs/operations')
  const executed = [
    /^core database copy --from \.core$/, // by database-copy.test.ts
    /^(core (?!database copy)|pg_dump |pg_restore )/, // by the tests of this file
    /^(useradd|chown|chmod|systemctl) /, // by systemd.test.ts
    /^npm run bench -- capacity$/, // by the tests of the bench
    /^export CORE_(DATABASE|COPY_TARGET)_URL=/, // of the reader's own server
    /^export (SUPABASE|CORE_SUPABASE)_/, // of the reader's own Supabase project
    /^export CORE_SECRETS_KEY="\$\(openssl rand -base64 32\)"$/, // below
  ]
  const commands = readdirSync(folderOfPages)
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) => page(file.replace('.md', '')).blocks.filter(({ language }) => language === 'sh'))
    .flatMap(commandsOf)
  expect(commands.filter((command) => !executed.some((pattern) => pattern.test(command)))).toEqual([])
  const secrets = execFileSync('sh', ['-c', 'printf %s "$(openssl rand -base64 32)"'], { encoding: 'utf8' })
  const config = loadConfig({ env: { CORE_SECRETS_KEY: secrets }, cwd: folder })
  expect(config.warnings).toEqual([])
})

/** The programs of a Postgres 15, where this machine has them. */
const postgres15 = ['/usr/lib/postgresql/15/bin'].find((path) => existsSync(join(path, 'initdb')))

test('production, capacity, incidents and upgrade: every command works, in order, from an empty database', {
  timeout: 180_000,
}, async () => {
  await using own = await createTestDatabase({ empty: true })
  const env: Record<string, string> = { CORE_DATABASE_URL: own.url, CORE_HTTP_PORT: String(await freePort()) }
  await using running = new AsyncDisposableStack()
  const startedAt = performance.now()
  expect((await follow('production', env, running)).length).toBeGreaterThan(6)
  if (hasNginx) {
    const front = await freePort()
    running.use(startNginx(Number(env['CORE_HTTP_PORT']), front, false))
    const status = () => fetch(`http://127.0.0.1:${front}/readyz`).then((answer) => answer.status, String)
    await expect.poll(status, { timeout: 30_000 }).toBe(200)
    const through = { ...env, CORE_URL: `http://127.0.0.1:${front}` }
    const held = await runInProcess(['credits', 'reserve', 'third', '1', '--project', 'third'], {
      cwd: folder,
      env: through,
    })
    expect(held.code, held.stderr).toBe(0)
  }
  // A person reads and copies besides; the page promises a quarter of an hour.
  expect(performance.now() - startedAt).toBeLessThan(5 * 60_000)
  for (const name of ['capacity', 'incidents', 'audit-log', 'restore', 'upgrade'])
    expect((await follow(name, env, running)).length).toBeGreaterThan(0)
})

test('supabase.md: every command works, as a user who is no superuser', { timeout: 180_000 }, async () => {
  await using running = new AsyncDisposableStack()
  // A server of its own: roles belong to a whole server, and here its user makes them, as on Supabase.
  const server = await startPostgresServer({ folder: join(folder, 'supabase') })
  running.defer(() => server.stop())
  const maintenance = running.use(await openDatabase({ driver: 'postgres', url: server.url() }))
  await runSql(
    maintenance,
    `create role modest login password 'secret' nosuperuser createrole;
     create role authenticator login noinherit password 'secret'; grant authenticator to modest with admin option`,
  )
  await runSql(maintenance, 'create database hosted owner modest')
  const url = new URL(server.url('hosted'))
  Object.assign(url, { username: 'modest', password: 'secret' })
  const api = new URL(url)
  api.username = 'authenticator' // who PostgREST is
  const rest = running.use(await startSupabaseServer(api.href, { hasGateway: true }))
  const env: Record<string, string> = {
    CORE_DATABASE_URL: url.href,
    CORE_HTTP_PORT: String(await freePort()),
    SUPABASE_JWT_SECRET: rest.jwtSecret,
  }
  const outputs: string[] = []
  expect((await follow('supabase', env, running, outputs)).length).toBe(4)
  const { token } = JSON.parse(outputs.at(-1) ?? '')
  const way = { SUPABASE_URL: rest.url, SUPABASE_ANON_KEY: rest.anonKey, CORE_SUPABASE_KEY: token }
  await using core = await openCore({ project: 'shop', env: way, require: 'live' })
  expect(await core.ledger.charge({ key: 'over the API', account: 'shop', amount: credits(1) })).toMatchObject({
    via: 'ledger',
  })
  await expect(core.ledger.balance('pool')).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  const hosted = running.use(await openDatabase({ driver: 'postgres', url: server.url('hosted') }))
  const owner = await runSql(
    hosted,
    `select nspowner::regrole::text as owner from pg_namespace where nspname = 'core'`,
    [],
  )
  expect(owner).toEqual([{ owner: 'modest' }])
})

test('backup-and-restore.md: a dump of a Postgres 15, restored, has the same books', { timeout: 180_000 }, async ({
  skip,
}) => {
  if (postgres15 === undefined) return skip('there is no Postgres 15 on this machine')
  await using running = new AsyncDisposableStack()
  // Two clusters: the other one starts its transaction numbers again and knows no roles.
  const [server, other] = await Promise.all(
    ['postgres-15', 'postgres-15-fresh'].map((name) =>
      startPostgresServer({ folder: join(folder, name), bin: postgres15, apart: true }),
    ),
  )
  if (!server || !other) throw new Error('two servers were started')
  for (const each of [server, other]) running.defer(() => each.stop())
  for (const [at, name] of [
    [server, 'core'],
    [other, 'restored'],
  ] as const) {
    await using maintenance = await openDatabase({ driver: 'postgres', url: at.url() })
    await runSql(maintenance, `create database ${name}`)
  }
  const env: Record<string, string> = {
    CORE_DATABASE_URL: server.url('core'),
    CORE_RESTORED_URL: other.url('restored'),
    CORE_HTTP_PORT: String(await freePort()),
  }
  expect(await follow('production', env, running)).toContain('core credits grant pool 500 --reason november')
  expect(await follow('backup-and-restore', env, running)).toContain('core migrate finish-restore')
  const restored = running.use(await openDatabase({ driver: 'postgres', url: other.url('restored') }))
  expect(await restored.rpc('ledger_audit', {})).toMatchObject({ ok: true, issued: 1_500_000_000 })
  // The books continue: a charge, its seal, the chain with it, and the event of the balance.
  const spent = await restored.rpc('ledger_charge', { p_key: 'after', p_account: 'pool', p_amount: 1 })
  expect(spent).toMatchObject({ ok: true })
  await expect.poll(() => restored.rpc('ledger_seal', {}), { timeout: 30_000 }).toMatchObject({ sealed: 1 })
  expect(await restored.rpc('ledger_verify', {})).toMatchObject({ valid: true })
  await restored.rpc('ledger_publish', {})
  const published = `select e.data ->> 'settled' = (a.total_in - a.total_out)::text as newest
    from core.event e join core.ledger_account a on a.code = 'pool' where e.state_key = 'pool:pool'`
  expect(await runSql(restored, published, [])).toEqual([{ newest: 't' }])
})

test('the systemd unit of production.md fits what the program does', () => {
  const text = page('production').blocks.find((block) => block.text.startsWith('[Unit]'))?.text ?? ''
  const unit = new Map([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]))
  // Exit code 2 is what a person must change first; every other failure is worth another start.
  expect(unit.get('Restart')).toBe('on-failure')
  expect(unit.get('RestartPreventExitStatus')).toBe(String(exitCodes.usage))
  // The grace of its requests, and what closing may take beyond it.
  const { graceMs } = loadConfig({ env: {}, cwd: folder }).shutdown
  expect(Number(unit.get('TimeoutStopSec')) * 1000).toBeGreaterThan(graceMs + 1000)
  const [node = '', program, verb] = unit.get('ExecStart')?.split(' ') ?? []
  expect([node.startsWith('/'), program, verb]).toEqual([true, 'bootstrap.mjs', 'start'])
  // The first start installs there, with no home that can be written.
  expect(unit.get('ReadWritePaths')).toBe(unit.get('WorkingDirectory'))
  expect(unit.get('EnvironmentFile')).toBe('/etc/core/core.env')
  const env = page('production').blocks.find((block) => block.text.startsWith('CORE_DATABASE_URL='))?.text ?? ''
  const settings = Object.fromEntries([...env.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]))
  expect(
    loadConfig({ env: { ...settings, CORE_DATABASE_URL: 'postgres://core@db/core' }, cwd: folder }).warnings,
  ).toEqual([])
})

describe('nginx.md (needs nginx)', () => {
  test.for([
    ['a host of its own', ''],
    ['below a prefix', '/core'],
  ] as const)('%s: paths, addresses and streams arrive', { timeout: 180_000 }, async ([, prefix], { skip }) => {
    if (!hasNginx) skip('nginx is not installed')
    await using stack = new AsyncDisposableStack()
    const own = stack.use(await createTestDatabase())
    const [port, front] = [await freePort(), await freePort()]
    const env = {
      CORE_DATABASE_URL: own.url,
      CORE_HTTP_PORT: String(port),
      CORE_HTTP_TRUSTED_PROXIES: '127.0.0.1',
      CORE_HTTP_PUBLIC_URL: `https://example.com${prefix}`,
      CORE_OWNER_KEY: 'owner-key-of-the-tests-0123456789',
    }
    const config = loadConfig({ env, cwd: folder })
    stack.use(await startControlPlane({ config, logger: silentLogger }))
    stack.use(startNginx(port, front, prefix !== ''))
    const url = `http://127.0.0.1:${front}${prefix}`
    const send = (method: string, path: string, body?: object) =>
      fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${env.CORE_OWNER_KEY}`,
          ...(method === 'POST' ? { 'idempotency-key': crypto.randomUUID() } : {}),
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
    await expect.poll(() => send('GET', '/readyz').then(({ status }) => status, String), { timeout: 30_000 }).toBe(200)

    expect((await send('PUT', '/v1/projects/shop', {})).status).toBe(200)
    const open = (account: string, kind: string) =>
      send('POST', '/v1/projects/shop/accounts', { account, kind }).then(({ status }) => status)
    expect([await open('shop', 'project'), await open('shop/agent-7', 'user')]).toEqual([201, 201])
    const balance = await send('GET', '/v1/projects/shop/accounts/shop%2Fagent-7/balance')
    expect(balance.status).toBe(200)
    const document: { servers: { url: string }[] } = JSON.parse(await (await send('GET', '/openapi.json')).text())
    expect(document.servers[0]?.url).toBe(`https://example.com${prefix}`)

    const content = `${url}/v1/projects/shop/files/a.bin/content`
    const headers = { authorization: `Bearer ${env.CORE_OWNER_KEY}`, 'content-type': 'application/octet-stream' }
    const file = Buffer.alloc(3_000_000, 'file')
    expect((await fetch(content, { method: 'PUT', headers, body: file })).status).toBe(200)
    expect(Buffer.from(await (await fetch(content, { headers })).arrayBuffer()).equals(file)).toBe(true)

    const stream = await send('GET', '/v1/projects/shop/events?topics=flag')
    const reader = stream.body?.getReader()
    expect((await send('PUT', '/v1/projects/shop/flags/a', { value: true })).status).toBe(200)
    let heard = ''
    while (!heard.includes('event: subscribed') && !heard.includes('"op":"event"')) {
      const { value, done } = (await reader?.read()) ?? { value: undefined, done: true }
      if (done) break
      heard += Buffer.from(value ?? []).toString()
    }
    expect(heard).toContain('retry:')
    await reader?.cancel()
  })
})

/** nginx with the page's own configuration; only ports and files are those of the test. */
function startNginx(port: number, front: number, isPrefix: boolean): Disposable {
  const [host = '', location = ''] = page('nginx')
    .blocks.filter(({ language }) => language === 'nginx')
    .map(({ text }) => text)
  const site = (isPrefix ? host.replace(/ {2}location \/ \{[\s\S]*?\n {2}\}\n/, location) : host)
    .replace('127.0.0.1:4400', `127.0.0.1:${port}`)
    .replace('listen 8443', `listen 127.0.0.1:${front}`)
  const file = join(folder, `nginx-${front}.conf`)
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/nginx-${front}.pid; error_log ${folder}/nginx-${front}.log;
     events {}
     http {
       access_log off;
       client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
       uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
       ${site}
     }`,
  )
  const child = spawn('nginx', ['-e', `${folder}/nginx-start.log`, '-c', file], { stdio: 'ignore' })
  return { [Symbol.dispose]: () => void child.kill('SIGQUIT') }
}
