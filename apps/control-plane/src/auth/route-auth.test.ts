import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { requireDeclaredAuth } from './route-auth.ts'

const handler = () => 'ok'
const onRequest = async () => undefined

function open() {
  const app = Fastify()
  requireDeclaredAuth(app)
  return app
}

test('a route that does not declare who may call it does not start, in a plugin either', async () => {
  expect(() => open().route({ method: 'GET', url: '/a', onRequest, handler })).toThrow(
    'the route GET /a does not declare auth',
  )
  const app = open()
  app.register(async (plugin) => plugin.post('/b', handler), { prefix: '/deep' })
  await expect(app.ready()).rejects.toThrow('the route POST /deep/b does not declare auth')
})

test('a route that asks for a credential and checks none does not start', () => {
  const config = { auth: 'authenticated' } as const
  expect(() => open().route({ method: 'GET', url: '/a', config, handler })).toThrow('does not check it')
})

test('a route that says so starts', async () => {
  const app = open()
  app.route({ method: 'GET', url: '/a', config: { auth: 'public' }, handler })
  app.route({ method: 'POST', url: '/a', config: { auth: 'ledger:read' }, onRequest, handler })
  await app.ready()
  await app.close()
})
