// Fastify with one route and nothing else: what any server on it costs.
import Fastify from 'fastify'
import { answerUsage } from './answer-usage.ts'

const app = Fastify({ logger: false })
const answer = JSON.stringify(JSON.parse(process.env['BENCH_ANSWER'] ?? '{}'))
app.get('/v1/me', (_request, reply) => reply.type('application/json; charset=utf-8').send(answer))
answerUsage(await app.listen({ host: '127.0.0.1', port: 0 }))
