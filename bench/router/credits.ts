import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'
import type { Gateways } from './open-gateways.ts'

const callers = 50
const paid = 10

/** 50 callers at once with credits for 10 of the calls, as often as there are rounds: the most that passed. */
export async function measureCredits({ openAccount }: Gateways, context: BenchContext): Promise<Row[]> {
  const rounds = context.isQuick ? 1 : 5
  const single = await holdOf(openAccount)
  let most = 0
  for (let round = 0; round < rounds; round++) {
    const client = await openAccount(`crowd-${round}`, single * paid)
    const bodies = Array.from({ length: callers }, () => client.open({ model: 'bench/stream-3000' }))
    const opened = (await Promise.allSettled(bodies)).filter((one) => one.status === 'fulfilled')
    await Promise.all(opened.map(({ value }) => value.ended))
    most = Math.max(most, opened.length)
    if (opened.length < paid) throw new Error(`only ${opened.length} callers passed`)
  }
  return [toRow(`of ${callers} callers with credits for ${paid}, those that passed, Core`, most, 'calls', goals.passed)]
}

/** What one call holds: the largest amount with which it is refused, plus one. */
async function holdOf(openAccount: Gateways['openAccount']): Promise<number> {
  const client = await openAccount('probe', 1)
  const { status, text } = await client.chat({ model: 'bench/stream-3000', stream: true })
  const found = /may cost (\d+) micro-credits/.exec(text)
  if (status !== 402 || found === null) throw new Error(`a call without credits was answered with ${status} ${text}`)
  return Number(found[1])
}
