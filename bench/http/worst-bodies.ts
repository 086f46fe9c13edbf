import { type Row, toRow } from '../row.ts'
import { median } from '../statistics.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'
import { openPlane, ownerKey, type Plane } from './open-plane.ts'

const clients = 8
const headers = { authorization: `Bearer ${ownerKey}`, 'content-type': 'application/json' }

/** The largest body that is read, of names that no route knows: each is a fault that the server looks for a fix for. */
const worstBody = JSON.stringify(
  Object.fromEntries(Array.from({ length: 24_000 }, (_, index) => [`a${index.toString(36)}`, 1])),
).slice(0, 255_000)
const body = `${worstBody.slice(0, worstBody.lastIndexOf(','))}}`

/**
 * What eight clients that send the worst body allowed, one after another without a pause, cost everybody else: the median
 * of one caller's requests, beside the same without them, in turns.
 */
export async function measureWorstBodies({ folder, isQuick, signal, progress }: BenchContext): Promise<Row[]> {
  const [rounds, seconds] = isQuick ? [1, 0.3] : [7, 4]
  await using plane = await openPlane(folder, { CORE_LIMITS_CREDENTIAL_REQUESTS: '1000000' })
  const samples: { alone: number; beside: number }[] = []
  let bytes = 0
  for (let round = 0; round <= rounds; round++) {
    signal.throwIfAborted()
    const sample = { alone: 0, beside: 0 }
    for (const turn of round % 2 === 0 ? (['alone', 'beside'] as const) : (['beside', 'alone'] as const)) {
      const stop = new AbortController()
      const senders = turn === 'alone' ? [] : Array.from({ length: clients }, () => sendWorst(plane, stop.signal))
      sample[turn] = await medianLatency(plane, seconds)
      stop.abort()
      bytes = Math.max(bytes, ...(await Promise.all(senders)))
    }
    if (round === 0) continue // warms up
    samples.push(sample)
    progress(
      `round ${round}/${rounds}: ${sample.alone.toFixed(2)} ms alone, ${sample.beside.toFixed(2)} ms beside them`,
    )
  }
  return [
    toRow('worst bodies: median of others without them', median(samples.map(({ alone }) => alone)), 'ms'),
    toRow(
      `worst bodies: median of others beside ${clients} clients that send nothing else`,
      median(samples.map(({ alone, beside }) => beside / alone)),
      'ratio',
      goals.worstBodies,
    ),
    toRow('worst bodies: the largest answer to one', bytes / 1024, 'KB', goals.worstAnswerKilobytes),
  ]
}

/** Until aborted; resolves with the size of the largest answer. */
async function sendWorst({ url }: Plane, signal: AbortSignal): Promise<number> {
  let largest = 0
  while (!signal.aborted) {
    const response = await fetch(`${url}/v1/projects`, {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': 'worst' },
      body,
    })
    const answer = await response.arrayBuffer()
    // A server that is behind refuses them before it reads them.
    if (response.status !== 400 && response.status !== 503)
      throw new Error(`a wrong body was answered with ${response.status}`)
    largest = Math.max(largest, answer.byteLength)
  }
  return largest
}

async function medianLatency({ url }: Plane, seconds: number): Promise<number> {
  const latencies: number[] = []
  const until = performance.now() + seconds * 1000
  while (performance.now() < until) {
    const startedAt = performance.now()
    const response = await fetch(`${url}/v1/me`, { headers })
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`a good request was answered with ${response.status}`)
    latencies.push(performance.now() - startedAt)
  }
  return median(latencies)
}
