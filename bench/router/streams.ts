import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'
import type { Gateways } from './open-gateways.ts'

/** Streams that are open at once, in the middle of their answers: what each holds of the gateway's memory. */
export async function measureStreams({ core, held }: Gateways, context: BenchContext): Promise<Row[]> {
  const streams = context.isQuick ? 20 : 1_000
  const model = context.isQuick ? 'bench/stream-3000' : 'bench/stream-20000'
  const open = async (count: number) => {
    const opened: Promise<string>[] = []
    while (opened.length < count) {
      const batch = Array.from({ length: Math.min(50, count - opened.length) }, () => core.client.open({ model }))
      opened.push(...(await Promise.all(batch)).map(({ ended }) => ended))
    }
    return opened
  }
  // What the first streams of a process allocate is not theirs alone.
  context.progress('warming up streams')
  await Promise.all(await open(Math.ceil(streams / 10)))
  const before = await core.server.memory()
  context.progress(`${streams} streams`)
  const opened = await open(streams)
  const during = await core.server.memory()
  const texts = await Promise.all(opened)
  for (const text of texts) if (!text.includes(': core cost=')) throw new Error('a stream was not settled')
  if ((await held()) !== 0) throw new Error('streams have ended, and credits are held')
  const each = (bytes: number) => bytes / streams / 1024
  const used = during.rss - before.rss
  return [
    toRow(
      `memory of each of ${streams.toLocaleString('en')} streams, as the system counts it`,
      each(used),
      'KB',
      goals.memoryPerStreamKB,
    ),
    toRow(
      `memory of each of ${streams.toLocaleString('en')} streams, on the heap and beside it`,
      each(during.heapUsed + during.external - before.heapUsed - before.external),
      'KB',
    ),
  ]
}
