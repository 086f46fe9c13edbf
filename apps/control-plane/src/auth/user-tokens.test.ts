import { CoreError } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { createUserTokens } from './user-tokens.ts'

/** UserTokens whose issuer and database answer with `answers`, and count the questions. */
function setUp() {
  const clock = createFakeClock()
  const answers = {
    roles: [{ project: 'smart_layer', role: 'viewer' }],
    lifeMs: 600_000,
    wait: Promise.resolve(),
    failure: undefined as CoreError | undefined,
  }
  const asked = { verified: 0, roles: 0 }
  const rpc = async () => {
    asked.roles++
    const roles = answers.roles
    await answers.wait
    if (answers.failure) throw answers.failure
    return { ok: true, roles }
  }
  const userTokens = createUserTokens({
    // A fake of the one method that is used; its argument types are those of the catalog.
    database: { rpc } as Parameters<typeof createUserTokens>[0]['database'],
    verifier: {
      async verify(token) {
        asked.verified++
        return { subject: `user:${token}`, expiresAtMs: clock.now() + answers.lifeMs, role: undefined }
      },
    },
    clock,
  })
  return { clock, answers, asked, userTokens }
}

test('a token is verified once a minute and its roles asked for every 30 seconds, however often it comes', async () => {
  const { userTokens, asked, clock } = setUp()
  const principals = await Promise.all(Array.from({ length: 100 }, () => userTokens.resolve('ada')))
  expect(new Set(principals).size).toBe(1)
  expect(userTokens.resolve('ada')).toBe(principals[0])
  expect(userTokens.peek('ada')).toBe(principals[0])
  expect(asked).toEqual({ verified: 1, roles: 1 })
  await clock.advance(30_001)
  expect(userTokens.peek('ada')).toBeUndefined()
  await userTokens.resolve('ada')
  expect(asked).toEqual({ verified: 1, roles: 2 })
  await clock.advance(30_001)
  await userTokens.resolve('ada')
  expect(asked).toEqual({ verified: 2, roles: 3 })
})

test('a token is not believed beyond its own end', async () => {
  const { userTokens, asked, answers, clock } = setUp()
  answers.lifeMs = 10_000
  await userTokens.resolve('ada')
  await clock.advance(10_001)
  expect(userTokens.peek('ada')).toBeUndefined()
  await userTokens.resolve('ada')
  expect(asked).toEqual({ verified: 2, roles: 2 })
})

test('a change of roles is noticed at once, and the signature is not looked at again for it', async () => {
  const { userTokens, asked, answers } = setUp()
  await userTokens.resolve('ada')
  answers.roles = [{ project: 'smart_layer', role: 'owner' }]
  userTokens.forget('user:eve')
  expect(userTokens.peek('ada')?.roles?.get('smart_layer')).toBe('viewer')
  userTokens.forget('user:ada')
  expect((await userTokens.resolve('ada')).roles?.get('smart_layer')).toBe('owner')
  userTokens.forget('')
  expect(userTokens.peek('ada')).toBeUndefined()
  expect(asked).toEqual({ verified: 1, roles: 2 })
})

test('a change that overtakes the answer keeps it out of the cache', async () => {
  const { userTokens, asked, answers } = setUp()
  const gate = Promise.withResolvers<void>()
  answers.wait = gate.promise
  const pending = userTokens.resolve('ada')
  await expect.poll(() => asked.roles).toBe(1)
  userTokens.forget('user:ada')
  answers.roles = []
  const later = userTokens.resolve('ada')
  await expect.poll(() => asked.roles).toBe(2)
  gate.resolve()
  expect((await pending).roles?.size).toBe(1)
  expect((await later).roles?.size).toBe(0)
  expect(userTokens.peek('ada')).toBe(await later)
})

test('a failing database is neither yes nor no, and nothing is remembered of it', async () => {
  const { userTokens, answers } = setUp()
  answers.failure = new CoreError('E_DATABASE_UNAVAILABLE', 'away')
  await expect(userTokens.resolve('ada')).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
  answers.failure = undefined
  await expect(userTokens.resolve('ada')).resolves.toMatchObject({ subject: 'user:ada' })
})

test('a role of a later version gives nothing', async () => {
  const { userTokens, answers } = setUp()
  answers.roles = [{ project: 'smart_layer', role: 'emperor' }]
  expect(await userTokens.resolve('ada')).toMatchObject({ project: '', scopes: new Set(), roles: new Map() })
})
