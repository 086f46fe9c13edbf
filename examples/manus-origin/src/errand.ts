import { setTimeout } from 'node:timers/promises'
import { type CoreAddress, post } from './core-http.ts'

/** Micro-credits of one step. */
const stepPrice = 15_000
const mostSteps = 5

export type Outcome = { status: 'done'; steps: number; cost: number } | { status: 'denied'; code: string }

/** Reserves the dearest course an errand can take, does its steps, and is charged for those it took. */
export async function runErrand(core: CoreAddress, errand: string, key: string): Promise<Outcome> {
  const reserved = await post(core, '/holds', key, {
    account: 'manus_origin',
    amount: mostSteps * stepPrice,
    ttlSeconds: 60,
    metadata: { errand },
  })
  if (!reserved.ok) return { status: 'denied', code: reserved.problem.code }

  const steps = 1 + (errand.length % mostSteps)
  for (let step = 0; step < steps; step++) await setTimeout(5)

  const settled = await post(core, `/holds/${reserved.body['hold']}/settle`, `${key} settle`, {
    amount: steps * stepPrice,
  })
  if (!settled.ok) return { status: 'denied', code: settled.problem.code }
  return { status: 'done', steps, cost: Number(settled.body['charged']) }
}
