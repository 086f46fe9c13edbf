import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OidcIssuer, startOidcIssuer } from '@core/providers/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCore, startCore } from './core-here.ts'
import type { RunningCore } from './core-process.ts'

let cwd: string
let issuer: OidcIssuer
let core: RunningCore
let env: Record<string, string>
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'core-login-'))
  issuer = await startOidcIssuer()
  const auth = { CORE_AUTH_PROVIDER: 'oidc', CORE_AUTH_ISSUER: issuer.issuer, CORE_AUTH_CLIENT_ID: 'core' }
  core = await startCore({ cwd, env: { ...auth, CORE_SECRETS_KEY: 'A'.repeat(43) } })
  const browser = join(cwd, 'browser')
  const followed = import.meta.resolve('../../../packages/providers/src/testing/auth/follow-login.ts')
  await writeFile(
    `${browser}.mjs`,
    `import { followLogin } from ${JSON.stringify(followed)}
await fetch(await followLogin(process.argv[2], '/signed-in', 'ada'))
`,
  )
  // A shell starts it: the path of Node may have blanks, which a first line of a script may not.
  await writeFile(browser, `#!/bin/sh\nexec '${process.execPath}' '${browser}.mjs' "$@"\n`)
  await chmod(browser, 0o700)
  env = { CORE_URL: core.url, BROWSER: browser, XDG_CONFIG_HOME: join(cwd, 'config') }
})
afterAll(async () => {
  await core.stop()
  await issuer[Symbol.asyncDispose]()
  await rm(cwd, { recursive: true, force: true })
})

const profile = () => join(cwd, 'config/core/profile.json')

test('login keeps a token for its user alone, and logout ends and removes it', async () => {
  const signedIn = await runCore(['login'], { cwd, env })
  expect(signedIn, signedIn.stderr).toMatchObject({ code: 0 })
  expect((await stat(profile())).mode & 0o777).toBe(0o600)
  const { key, url } = JSON.parse(await readFile(profile(), 'utf8'))
  expect(key).toMatch(/^cs_[\w-]{43}$/)
  expect(url).toBe(core.url)
  expect(signedIn.stdout + signedIn.stderr).not.toContain(key)
  const who = await runCore(['whoami'], { cwd, env })
  expect(JSON.parse(who.stdout)).toMatchObject({ subject: 'user:ada', roles: [] })
  const out = await runCore(['logout'], { cwd, env })
  expect(JSON.parse(out.stdout)).toEqual({ ended: 1 })
  expect(JSON.parse(await readFile(profile(), 'utf8'))).toEqual({ url: core.url })
  const again = await runCore(['whoami'], { cwd, env: { ...env, CORE_KEY: key } })
  expect(again.code).not.toBe(0)
})

test('logout --everywhere ends the logins of other machines', async () => {
  await runCore(['login'], { cwd, env })
  const elsewhere = { ...env, XDG_CONFIG_HOME: join(cwd, 'elsewhere') }
  await runCore(['login'], { cwd, env: elsewhere })
  const out = await runCore(['logout', '--everywhere'], { cwd, env })
  expect(JSON.parse(out.stdout)).toEqual({ ended: 2 })
  expect((await runCore(['whoami'], { cwd, env: elsewhere })).code).not.toBe(0)
})

test('logout takes a login from the profile that ended elsewhere, and keeps one it cannot ask about', async () => {
  await runCore(['login'], { cwd, env })
  const { key } = JSON.parse(await readFile(profile(), 'utf8'))
  const away = await runCore(['logout'], { cwd, env: { ...env, CORE_URL: 'http://127.0.0.1:1' } })
  expect(away.code).not.toBe(0)
  expect(JSON.parse(await readFile(profile(), 'utf8'))).toMatchObject({ key })
  await fetch(`${core.url}/v1/logout`, { method: 'POST', headers: { authorization: `Bearer ${key}` } })
  const out = await runCore(['logout'], { cwd, env })
  expect(out, out.stderr).toMatchObject({ code: 0 })
  expect(JSON.parse(out.stdout)).toEqual({ ended: 0 })
  expect(JSON.parse(await readFile(profile(), 'utf8'))).toEqual({ url: core.url })
})

test('without a browser the address is shown, and a wrong code is refused', async () => {
  const tried = await runCore(['login', '--no-browser'], { cwd, env, stdin: 'core1.wrong\n' })
  expect(tried.code).not.toBe(0)
  expect(tried.stderr).toContain(`${core.url}/v1/login?redirectTo=code&challenge=`)
})
