import { setTimeout as sleep } from 'node:timers/promises'
import { createLedger, microCredits } from '@core/ledger'
import { runCallers } from '../callers.ts'
import { type Row, toRow } from '../row.ts'
import { median, quantile } from '../statistics.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'
import type { Gateway, Gateways } from './open-gateways.ts'

const callers = 32

interface Sample {
  readonly cpuUs: number
  readonly perSecond: number
}

/** Plain calls of 32 callers, by turns: CPU of each gateway's process, all its threads. */
export async function measureCalls({ direct, core, portkey }: Gateways, context: BenchContext): Promise<Row[]> {
  const { isQuick, signal } = context
  const { rounds } = context.measure
  const calls = isQuick ? 40 : 1_000
  const gateways = [direct, core, portkey]
  const samples = new Map<Gateway, Sample[]>(gateways.map((gateway) => [gateway, []]))
  context.describe('plain calls', { callers, calls, rounds, ledger: 'Postgres, fsync on' })
  for (let round = 0; round <= rounds; round++) {
    for (const gateway of round % 2 === 0 ? gateways : gateways.toReversed()) {
      signal.throwIfAborted()
      const sample = await takeSample(gateway, calls)
      if (round > 0) samples.get(gateway)?.push(sample)
      context.progress(`${round}/${rounds} ${gateway.name}: ${Math.round(sample.cpuUs)} us a call`)
    }
  }
  const cpuOf = (gateway: Gateway) => samples.get(gateway)?.map(({ cpuUs }) => cpuUs) ?? []
  const ratios = cpuOf(core).map((cpuUs, round) => cpuUs / (cpuOf(portkey)[round] ?? Number.NaN))
  const perSecond = (gateway: Gateway) => median((samples.get(gateway) ?? []).map((sample) => sample.perSecond))
  return [
    toRow('CPU of a plain call, Core with its ledger', median(cpuOf(core)), 'us'),
    toRow('CPU of a plain call, Portkey', median(cpuOf(portkey)), 'us'),
    toRow('CPU of a plain call, the provider alone', median(cpuOf(direct)), 'us'),
    toRow('CPU of a plain call, Core against Portkey', median(ratios), 'x', goals.cpuAgainstPortkey),
    toRow('plain calls, Core', perSecond(core), 'calls/s'),
    toRow('plain calls, Portkey', perSecond(portkey), 'calls/s'),
  ]
}

async function takeSample({ client, server, name }: Gateway, calls: number): Promise<Sample> {
  const before = await server.cpu()
  const startedAt = performance.now()
  await runCallers(callers, calls, async () => {
    let { status, text } = await client.chat()
    // A gateway that sheds load on a busy machine says so before it does anything.
    for (let again = 0; again < 20 && status === 503; again++) {
      await sleep(500)
      ;({ status, text } = await client.chat())
    }
    if (status !== 200 || !text.includes('A hold sets credits aside'))
      throw new Error(`${name} answered ${status} ${text}`)
  })
  const tookMs = performance.now() - startedAt
  const after = await server.cpu()
  return { cpuUs: ((after.processMs - before.processMs) / calls) * 1_000, perSecond: (calls / tookMs) * 1_000 }
}

/**
 * One caller at a time, so that nothing queues, the direct call beside each gateway's: what a gateway adds to a plain call and
 * to a first output. Core's part of it in the database is shown alone: a call waits for its reserve and for its settle.
 */
export async function measureLatency(gateways: Gateways, context: BenchContext): Promise<Row[]> {
  const { direct, core, portkey, database, project } = gateways
  const calls = context.isQuick ? 10 : 400
  await using ledger = createLedger({ database })
  const added = async (gateway: Gateway, body: object, what: 'firstMs' | 'totalMs') => {
    const times: number[] = []
    const bare: number[] = []
    for (let call = 0; call < calls; call++) {
      context.signal.throwIfAborted()
      bare.push((await direct.client.chat(body))[what])
      const answer = await gateway.client.chat(body)
      if (answer.status !== 200) throw new Error(`${gateway.name} answered ${answer.status} ${answer.text}`)
      times.push(answer[what])
    }
    const beyond = (share: number) => quantile(times, share) - quantile(bare, share)
    return { median: beyond(0.5), tail: beyond(0.99) }
  }
  const timeHold = async () => {
    const startedAt = performance.now()
    const done = await ledger.withHold({ account: project, max: microCredits(140) }, async (hold) =>
      hold.meter(microCredits(44)),
    )
    if (done.status !== 'done') throw new Error(`a hold was answered with ${done.status}`)
    return performance.now() - startedAt
  }
  context.progress('latency')
  const plain = await added(core, {}, 'totalMs')
  const holds: number[] = []
  for (let call = 0; call < calls; call++) holds.push(await timeHold())
  const other = await added(portkey, {}, 'totalMs')
  const stream = await added(core, { model: 'bench/stream', stream: true }, 'firstMs')
  return [
    toRow('added to a plain call, median, Core', plain.median, 'ms', goals.addedMedianMs),
    toRow('added to a plain call, 99 of 100, Core', plain.tail, 'ms', goals.addedTailMs),
    toRow('a reserve and a settle without a gateway, median', median(holds), 'ms'),
    toRow('added to a plain call beyond that, median, Core', plain.median - median(holds), 'ms'),
    toRow('added to a plain call, median, Portkey', other.median, 'ms'),
    toRow('added to a plain call, 99 of 100, Portkey', other.tail, 'ms'),
    toRow('added to the first output of a stream, median, Core', stream.median, 'ms', goals.addedFirstOutputMs),
  ]
}
