import { setTimeout } from 'node:timers/promises'
import type { Playground } from './playground.ts'

/** What the services have acknowledged. */
export interface Acknowledged {
  readonly notes: Set<string>
  readonly questions: Set<string>
  /** Ids of tasks. */
  readonly tasks: Set<string>
}

export interface LoadOptions {
  /** Rounds: in each a note, a question, an advice, an essay and an errand. */
  readonly rounds: number
  readonly pauseMs: number
  readonly signal?: AbortSignal
  readonly onRound?: (round: number, done: Acknowledged) => void
}

const attemptTimeoutMs = 3_000
const giveUpMs = 120_000

/** Sends work to both services, each request until it is answered: what is killed meanwhile is asked again. */
export async function runLoad({ urls }: Pick<Playground, 'urls'>, options: LoadOptions): Promise<Acknowledged> {
  const done: Acknowledged = { notes: new Set(), questions: new Set(), tasks: new Set() }
  const { smart_layer: smart, manus_origin: manus } = urls
  for (let round = 0; round < options.rounds && !options.signal?.aborted; round++) {
    const id = `note ${round}`
    const question = `what is ${round % 7}`
    const send = (method: string, url: string, body: object) => insist(method, url, body, options.signal)
    const [, , , essay, errand] = await Promise.all([
      send('PUT', `${smart}/notes`, { id, text: `The number ${round} is a number.` }),
      send('POST', `${smart}/questions`, { question }),
      send('POST', `${manus}/advice`, { question }),
      send('POST', `${smart}/essays`, { key: `essay ${round}`, text: question }),
      send('POST', `${manus}/errands`, { key: `errand ${round}`, text: question }),
    ])
    if (!essay || !errand) break
    done.notes.add(id)
    done.questions.add(question)
    for (const { id: task } of [essay, errand]) done.tasks.add(String(task))
    options.onRound?.(round + 1, done)
    await setTimeout(options.pauseMs)
  }
  return done
}

/** Undefined where the signal ended it. */
async function insist(method: string, url: string, body: object, signal?: AbortSignal) {
  const startedAt = performance.now()
  while (!signal?.aborted) {
    const answer = await attempt(method, url, body)
    if (answer !== undefined) return answer
    if (performance.now() - startedAt > giveUpMs) throw new Error(`${method} ${url} was not answered for two minutes`)
    await setTimeout(100)
  }
  return undefined
}

async function attempt(method: string, url: string, body: object): Promise<Record<string, unknown> | undefined> {
  try {
    const signal = AbortSignal.timeout(attemptTimeoutMs)
    const response = await fetch(url, { method, body: JSON.stringify(body), signal })
    const answer: unknown = await response.json()
    return response.ok && typeof answer === 'object' ? { ...answer } : undefined
  } catch {
    return undefined // killed, or starting
  }
}
