import { type Row, toRow } from '../row.ts'
import { median } from '../statistics.ts'
import type { BenchContext } from '../suite.ts'
import { type ChildServer, forkServer } from './child-server.ts'
import { goals } from './goals.ts'
import { sendOver } from './keep-alive-load.ts'
import { openPlane, ownerKey } from './open-plane.ts'

const connections = 16

const contestants = ['bare', 'pipeline', 'control'] as const
type Contestant = (typeof contestants)[number]
type Sample = Record<Contestant, number>

/**
 * What a request costs the server's thread beyond Fastify: `GET /v1/me` passes everything a request passes (shedding,
 * limit, key, scope, contract, log line, timing) and asks no database; its answer is checked and written once for each
 * credential. Bare Fastify answers with the same text. The ratio depends on the machine, too: one commit cost 1.7 times
 * bare Fastify on one whose request of bare Fastify took 10 µs, and 2.4 times where that took 50 µs, with the same Node. All
 * are started several times: what the compiler makes of a program differs from one process to the next.
 */
export async function measurePipeline({ folder, isQuick, signal, progress }: BenchContext): Promise<Row[]> {
  const [starts, rounds, requests] = isQuick ? [1, 1, 200] : [5, 4, 12_000]
  const samples: Sample[] = []
  for (let start = 1; start <= starts; start++) {
    await using plane = await openPlane(folder, { CORE_LIMITS_CREDENTIAL_REQUESTS: '1000000' })
    const environment = { BENCH_ANSWER: JSON.stringify(await plane.client.getMe()) }
    await using bare = await forkServer('./bare-server.ts', environment)
    await using control = await forkServer('./bare-server.ts', environment)
    const servers = { bare, pipeline: plane, control }
    for (let round = 0; round <= rounds; round++) {
      const sample: Sample = { bare: 0, pipeline: 0, control: 0 }
      for (const name of round % 2 === 0 ? contestants : contestants.toReversed()) {
        signal.throwIfAborted()
        sample[name] = await microsPerRequest(servers[name], requests)
      }
      if (round === 0) continue // warms up
      samples.push(sample)
      const figures = `pipeline: ${sample.pipeline.toFixed(1)} µs, bare ${sample.bare.toFixed(1)} µs`
      progress(`start ${start}/${starts}, round ${round}/${rounds} ${figures}`)
    }
  }
  const of = (name: Contestant) => median(samples.map((sample) => sample[name]))
  const ratio = (name: 'pipeline' | 'control') => median(samples.map((sample) => sample[name] / sample.bare))
  return [
    toRow('bare Fastify, CPU per request', of('bare'), 'µs'),
    toRow('control plane, CPU per request', of('pipeline'), 'µs'),
    toRow('the pipeline against bare Fastify', ratio('pipeline'), 'ratio', goals.pipeline),
    toRow(
      'control: bare Fastify against itself',
      Math.max(ratio('control'), 1 / ratio('control')),
      'ratio',
      goals.control,
    ),
  ]
}

async function microsPerRequest(server: ChildServer, requests: number): Promise<number> {
  const request = `GET /v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${ownerKey}\r\nAccept: application/json\r\n\r\n`
  const before = await server.cpu()
  await sendOver(server.port, request, connections, requests)
  const after = await server.cpu()
  return ((after.threadMs - before.threadMs) * 1000) / requests
}
