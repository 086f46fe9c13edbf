import { type ChildProcess, fork } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { MemberClaims } from '../database.ts'
import { findFreePort } from './postgres-server.ts'

export interface SupabaseServer extends AsyncDisposable {
  readonly url: string
  /** Acts for every project. */
  readonly serviceKey: string
  /** What the gateway asks for beside a JWT; may do nothing itself. */
  readonly anonKey: string
  readonly jwtSecret: string
  /** A JWT as the control plane mints it for a project's key. */
  memberKey(claims: MemberClaims): string
  /** Cuts every connection to it; new ones work. */
  cut(): void
  /** Ends the process at once. */
  halt(): Promise<void>
  start(): Promise<void>
}

const file = fileURLToPath(
  new URL(`./supabase-server-process${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
)
const KEY_LIFETIME_S = 3_600

/**
 * A stand-in for a Supabase project in front of the database at `url` (a connection string). With `hasGateway` it refuses,
 * as the gateway of Supabase does, an `apikey` that is not one of the project's.
 */
export async function startSupabaseServer(url: string, { hasGateway = false } = {}): Promise<SupabaseServer> {
  const secret = randomBytes(32).toString('hex')
  const port = await findFreePort()
  let child: ChildProcess | undefined

  const server: SupabaseServer = {
    url: `http://127.0.0.1:${port}`,
    serviceKey: signJwt({ role: 'service_role' }, secret),
    anonKey: signJwt({ role: 'anon' }, secret),
    jwtSecret: secret,
    memberKey: (claims) => signJwt(claims, secret),
    async start() {
      child = fork(file, {
        env: {
          ...process.env,
          CORE_TEST_URL: url,
          CORE_TEST_PORT: String(port),
          CORE_TEST_JWT_SECRET: secret,
          ...(hasGateway ? { CORE_TEST_API_KEYS: `${server.serviceKey},${server.anonKey}` } : {}),
        },
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
        execArgv: [],
      })
      await Promise.race([
        once(child, 'message'),
        once(child, 'exit').then(([code]) => {
          throw new Error(`the Supabase stand-in ended at its start with ${code}`)
        }),
      ])
    },
    cut() {
      child?.send('cut')
    },
    async halt() {
      const old = child
      child = undefined
      if (!old || old.exitCode !== null || old.signalCode !== null) return
      const exited = once(old, 'exit')
      old.kill('SIGKILL')
      await exited
    },
    [Symbol.asyncDispose]: () => server.halt(),
  }
  await server.start()
  return server
}

function signJwt(claims: object, secret: string): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const exp = Math.floor(Date.now() / 1_000) + KEY_LIFETIME_S
  const body = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ ...claims, exp })}`
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`
}
