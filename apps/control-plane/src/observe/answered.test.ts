import { Registry } from '@platformatic/prom-client'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answered, observeAnswers } from './answered.ts'
import { createRequestMetrics } from './request-metrics.ts'
import { createRouteTiming } from './route-timing.ts'

const app = Fastify()
const answers: Answered[] = []
const timing = createRouteTiming()
const registry = new Registry()
beforeAll(async () => {
  observeAnswers(app, [(answered) => answers.push(answered), timing.record, createRequestMetrics(registry)])
  app.get('/things/:id', { config: { auth: 'public' } }, async (_request, reply) => reply.code(503).send())
  app.get('/events/:topic', { config: { auth: 'public', streams: true } }, async () => 'until the client leaves')
  for (const url of ['/things/7', '/events/flag', '/nowhere']) await app.inject({ url })
})
afterAll(() => app.close())

test('every observer receives every answer, with the pattern of its route', () => {
  expect(answers).toMatchObject([
    { method: 'GET', route: '/things/{id}', status: 503, isStream: false },
    { method: 'GET', route: '/events/{topic}', status: 200, isStream: true },
    { method: 'GET', route: undefined, status: 404, isStream: false },
  ])
  expect(answers.every(({ ms }) => ms > 0 && ms < 60_000)).toBe(true)
})

test('a stream is counted and not timed: it lasts as long as the client listens', async () => {
  expect(timing.routes()).toMatchObject([{ method: 'GET', route: '/things/{id}', count: 1, failures: 1 }])
  const text = await registry.metrics()
  const samplesOf = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}\\{.*route="([^"]*)"`, 'gm'))].map(([, route]) => route)
  expect(samplesOf('core_http_requests_total')).toEqual(['/things/{id}', '/events/{topic}', 'unmatched'])
  expect(samplesOf('core_http_request_duration_seconds_count')).toEqual(['/things/{id}', 'unmatched'])
  expect(samplesOf('core_http_request_errors_total')).toEqual(['/things/{id}'])
})
