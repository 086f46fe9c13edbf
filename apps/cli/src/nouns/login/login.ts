import { hash, randomBytes } from 'node:crypto'
import { createClient } from '@core/api/client'
import { CoreError, fetchDirectly, isCoreError, isObject } from '@core/foundation'
import { keepProfile, profileFile, readProfile } from '../../profile.ts'
import { readHidden } from '../../read-hidden.ts'
import type { Session } from '../../session.ts'
import { formatFields } from '../../table.ts'
import { sameOrigin, type Target } from '../../target.ts'
import type { Verbs } from '../../verbs.ts'
import { findBrowser, openBrowser } from './open-browser.ts'
import { listenForCode } from './wait-for-code.ts'

export function addLogin({ program, session }: Verbs): void {
  program
    .command('login')
    .description('sign in with a browser and keep the login in the profile, for this user alone')
    .option('--no-browser', 'show the address, and ask for the code that the page shows')
    .action(async ({ browser }: { browser: boolean }) => {
      const current = session()
      const target = await current.target()
      const verifier = randomBytes(32).toString('base64url')
      const code = await getCode(current, target, hash('sha256', verifier, 'base64url'), browser)
      const { token } = await post(current, target, '/v1/login/token', { code, verifier })
      if (typeof token !== 'string') throw new CoreError('E_INTERNAL', 'the control plane sent no token')
      const me = await createClient({ ...target, key: token, timeoutMs: current.timeoutMs }).getMe()
      const profile = readProfile(current.io.env)
      await keepProfile(current.io.env, { ...profile, url: target.url, key: token })
      current.output.data(me, ({ subject, project }) =>
        formatFields([
          ['signed in as', subject],
          ['project', project ?? 'none of its own'],
          ['kept in', profileFile(current.io.env)],
        ]),
      )
    })

  program
    .command('logout')
    .description('sign out, and remove the login from the profile')
    .option('--everywhere', 'end every login of this person')
    .action(async ({ everywhere }: { everywhere?: boolean }) => {
      const current = session()
      const target = await current.target()
      const { key, ...profile } = readProfile(current.io.env)
      const isKept = key !== undefined && key === target.key && key.startsWith('cs_')
      const path = everywhere ? '/v1/logout/all' : '/v1/logout'
      const ended = await post(current, target, path, undefined, target.key).catch((error: unknown) => {
        // One that has ended before goes from the profile, too. Another control plane cannot say that it has.
        const isOfIt = isKept && profile.url !== undefined && sameOrigin(profile.url, target.url)
        if (isOfIt && isCoreError(error, 'E_UNAUTHENTICATED')) return { ended: 0 }
        throw error
      })
      if (isKept) await keepProfile(current.io.env, profile)
      current.output.data(ended, (answer) => `${String(answer['ended'])} ended`)
    })

  program
    .command('whoami')
    .description('who the credential is and what it may do')
    .action(async () => {
      const current = session()
      const { client, target } = await current.connect()
      current.output.data(await client.getMe(), ({ subject, project, roles, expiresAt }) =>
        formatFields([
          ['subject', subject],
          ['project', project ?? 'none of its own'],
          [
            'roles',
            roles.map(({ project: within, role }) => `${role} of ${within ?? 'every project'}`).join(', ') || 'none',
          ],
          ['until', expiresAt ?? 'without end'],
          ['from', target.keySource],
        ]),
      )
    })
}

/** What the browser brings back: to a listener of this command, or through the hands of the person. */
async function getCode({ io, input }: Session, { url }: Target, challenge: string, mayOpen: boolean): Promise<string> {
  const addressOf = (redirectTo: string) =>
    `${url.replace(/\/+$/, '')}/v1/login?${new URLSearchParams({ redirectTo, challenge })}`
  const browser = mayOpen ? findBrowser(io.env) : undefined
  if (browser !== undefined) {
    await using listener = await listenForCode()
    const address = addressOf(listener.redirectTo)
    io.stderr.write(`Sign in at ${address}\n`)
    if (await openBrowser(browser, address)) return await listener.code(io.signal)
  }
  io.stderr.write(`Sign in at ${addressOf('code')}\n`)
  return io.stdin.isTTY ? await readHidden(io, 'Code: ') : await input.readLine('the code')
}

async function post(
  { io, timeoutMs }: Session,
  target: Target,
  path: string,
  body: object | undefined,
  key?: string,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetchDirectly(target.fetch, `${target.url.replace(/\/+$/, '')}${path}`, {
    method: 'POST',
    signal: AbortSignal.any([io.signal, AbortSignal.timeout(timeoutMs)]),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer: unknown = await response.json().catch(() => undefined)
  if (response.ok && isObject(answer)) return answer
  const detail =
    isObject(answer) && typeof answer['detail'] === 'string' ? answer['detail'] : `it answered ${response.status}`
  throw new CoreError(response.status === 401 ? 'E_UNAUTHENTICATED' : 'E_INVALID', detail, {
    fix: 'Run core login again.',
  })
}
