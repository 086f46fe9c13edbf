import { jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { createRoom } from './core-process.ts'
import { runInProcess } from './run-in-process.ts'

const secret = 'a secret of thirty-two characters'

function mint(args: readonly string[], env: Record<string, string> = {}, stdin = '') {
  using room = createRoom()
  return runInProcess(['keys', 'mint-jwt', ...args], { cwd: room.folder, env, stdin })
}

test('a token is signed for a project, with the scopes of a role or those named, and asks no server', async () => {
  const operator = await mint(['--project', 'shop'], { SUPABASE_JWT_SECRET: secret })
  const { token, scopes, expiresAt } = JSON.parse(operator.stdout)
  const { payload, protectedHeader } = await jwtVerify(token, new TextEncoder().encode(secret))
  expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT' })
  expect(payload).toMatchObject({ role: 'core_member', project: 'shop', sub: 'jwt:shop', caps: scopes })
  expect(scopes).toContain('ledger:spend')
  expect(scopes).not.toContain('key:write')
  expect(new Date((payload.exp ?? 0) * 1_000).toISOString()).toBe(expiresAt)

  const named = await mint(
    ['--scopes', 'ledger:read, ledger:read,flag:read', '--name', 'cron', '--lifetime', '60'],
    { CORE_PROJECT: 'shop' },
    `${secret}\n`,
  )
  expect(JSON.parse(named.stdout)).toMatchObject({ project: 'shop', scopes: ['ledger:read', 'flag:read'] })
})

test.each([
  ['no project', [], { SUPABASE_JWT_SECRET: secret }, 'a token is one of a project'],
  ['a short secret', ['--project', 'shop'], { SUPABASE_JWT_SECRET: 'short' }, '32 characters or more'],
  ['no secret', ['--project', 'shop'], {}, 'Legacy JWT Secret'],
  ['no scope', ['--project', 'shop', '--scopes', 'everything'], { SUPABASE_JWT_SECRET: secret }, 'is not a scope'],
  ['no end', ['--project', 'shop', '--lifetime', '0'], { SUPABASE_JWT_SECRET: secret }, '--lifetime'],
])('%s is refused with what to do', async (_, args, env, message) => {
  const refused = await mint(args, env)
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain(message)
  expect(refused.stdout + refused.stderr).not.toContain(secret)
})
