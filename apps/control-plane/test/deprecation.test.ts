import { defineRoute, getMe } from '@core/api'
import { silentLogger } from '@core/foundation'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { createKeyring } from '../src/auth/keyring.ts'
import { createProjectDirectory } from '../src/auth/project-directory.ts'
import { type BoundRoute, serve } from '../src/http/bound-route.ts'
import { installProblems } from '../src/http/problems.ts'
import { installRoute } from '../src/http/routes.ts'
import { createAdmission } from '../src/limits/admission.ts'
import { createOwnRateLimits } from '../src/limits/rate-limits.ts'
import { ownerKey, unlimited } from './test-server.ts'

const away = () => Promise.reject(new Error('these tests ask no database'))

function open(...routes: BoundRoute[]) {
  const app = Fastify()
  app.decorateRequest('caller', null)
  installProblems(app, silentLogger, { record: () => undefined })
  const keyring = createKeyring({ database: { rpc: away }, ownerKey })
  const admission = createAdmission(createOwnRateLimits(unlimited))
  const projects = createProjectDirectory({ rpc: away })
  const dependencies = { database: { call: away }, keyring, admission, projects, basePath: '', denials: {} }
  for (const route of routes) installRoute(app, route, dependencies)
  return app
}

const deprecated = { since: '2026-11-20', sunset: '2027-06-30', link: '/docs#getMe' }
const answer = () => ({ status: 200, body: getMe.examples[0].response })
const present = serve(getMe, answer)
const old = serve(defineRoute({ ...getMe, operation: 'getOldMe', path: '/v1/old-me', deprecated }), answer)
const asOwner = { authorization: `Bearer ${ownerKey}` }

test('every answer of a deprecated route says since when, until when and what instead; also a refusal', async () => {
  const app = open(present, old)
  const headers = {
    deprecation: '@1795132800',
    sunset: 'Wed, 30 Jun 2027 00:00:00 GMT',
    link: '</docs#getMe>; rel="deprecation"; type="text/html"',
  }
  const found = await app.inject({ url: '/v1/old-me', headers: asOwner })
  expect(found).toMatchObject({ statusCode: 200, headers })
  const refused = await app.inject({ url: '/v1/old-me' })
  expect(refused).toMatchObject({ statusCode: 401, headers })
  await app.close()
})

test('other routes say nothing of the kind', async () => {
  const app = open(present, old)
  const { statusCode, headers } = await app.inject({ url: '/v1/me', headers: asOwner })
  expect(statusCode).toBe(200)
  for (const name of ['deprecation', 'sunset', 'link']) expect(headers).not.toHaveProperty(name)
  await app.close()
})

test('a server does not start with an end before its beginning', () => {
  const wrong = defineRoute({ ...getMe, deprecated: { ...deprecated, sunset: '2026-01-01' } })
  expect(() => open(serve(wrong, answer))).toThrow('deprecated since')
})
