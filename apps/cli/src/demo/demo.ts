import { type Client, createClient } from '@core/api/client'
import { type Clock, CoreError, systemClock } from '@core/foundation'
import { addBooks, type Books, openBooks } from './books.ts'
import { closePlayground, grant, type Insist, openPlayground, type Playground, topPool } from './playground.ts'
import { type PoolFigures, type Proof, prove } from './proof.ts'
import { certain, runWorker } from './worker.ts'

export interface DemoSettings {
  /** Of the owner. */
  client: Client
  url: string
  /** Names the run's accounts. */
  run: string
  workers: number
  seconds: number
  /** Micro-credits the pool gets in all, an equal part each second. */
  credits: number
  signal: AbortSignal
  onProgress: (progress: DemoProgress) => void
  onPhase: (line: string) => void
  clock?: Clock
  random?: () => number
}

export interface DemoProgress {
  pool: string
  figures: PoolFigures
  siblings: readonly { project: string; books: Books }[]
  secondsLeft: number
}

export interface DemoResult extends Proof {
  pool: string
  workers: number
  books: Books
}

/** Seconds a crashed worker's hold lives on. */
const ttlSeconds = 3
const progressIntervalMs = 250
/** How long the keys of the run are tried to be revoked; after an hour they end anyway. */
const closingMs = 30_000

/** Lets workers of two projects compete for one pool, then proves that every credit is accounted for. */
export async function runDemo(settings: DemoSettings): Promise<DemoResult> {
  const { client, run, credits, onPhase, signal, clock = systemClock, random = Math.random } = settings
  const insist: Insist = (call) => certain({ clock, signal, random }, call)
  const playground = await openPlayground(client, { run, credits, insist })
  try {
    const books = await compete(settings, playground)
    onPhase(`workers are done; waiting ${ttlSeconds} s for the holds of the crashed ones to expire`)
    const figures = await waitForExpiry(settings, playground.pool)
    onPhase('auditing the pool')
    const { violations } = await client.auditAccount({ params: { project: topPool, code: playground.pool } })
    return { pool: playground.pool, workers: settings.workers, books, ...prove(figures, books, violations) }
  } finally {
    // Also after an interruption, which has aborted the signal of the run.
    const closing = { clock, random, signal: AbortSignal.timeout(closingMs) }
    await closePlayground(client, playground, { insist: (call) => certain(closing, call) })
  }
}

async function compete(settings: DemoSettings, playground: Playground): Promise<Books> {
  const { workers, seconds, clock = systemClock, random = Math.random } = settings
  const failure = new AbortController()
  const signal = AbortSignal.any([settings.signal, failure.signal])
  const endsAt = clock.monotonic() + seconds * 1000
  const isOver = () => signal.aborted || clock.monotonic() >= endsAt
  const siblings = playground.siblings.map(({ project, account, key }) => ({
    project,
    account,
    books: openBooks(),
    client: createClient({ url: settings.url, key: key.secret }),
  }))
  // Large enough that the workers together always want more than there is: about every second reserve is denied.
  const largestHold = Math.max(10, Math.floor((settings.credits * 6) / (workers * seconds)))
  const jobs = Array.from({ length: workers }, (_, index) => {
    const sibling = siblings[index % siblings.length]
    if (sibling === undefined) throw new CoreError('E_INTERNAL', 'the demo has no siblings')
    return runWorker({ ...sibling, largestHold, ttlSeconds, clock, random, isOver, signal })
  })
  const all = [
    ...jobs,
    refill({ ...settings, signal }, playground, isOver),
    watch({ ...settings, signal }, playground.pool, siblings, endsAt, isOver),
  ]
  try {
    await Promise.all(all)
  } catch (error) {
    // The keys of the run are revoked next: a worker that continued would collect 401s for this address.
    failure.abort(error)
    await Promise.allSettled(all)
    throw error
  }
  return addBooks(siblings.map(({ books }) => books))
}

/** Grants a part each second, in step with the time that has passed, and what is left over at the end. */
async function refill(
  { client, credits, seconds, signal, clock = systemClock, random = Math.random }: DemoSettings,
  playground: Playground,
  isOver: () => boolean,
): Promise<void> {
  const startedAt = clock.monotonic()
  let granted = 0
  while (granted < credits && !signal.aborted) {
    const share = isOver() ? 1 : Math.min(1, (clock.monotonic() - startedAt + 1_000) / (seconds * 1_000))
    const part = Math.floor(credits * share) - granted
    if (part > 0) await certain({ clock, signal, random }, (options) => grant(client, playground, part, options))
    granted += part
    if (granted < credits) await clock.sleep(1_000, { signal })
  }
}

async function watch(
  settings: DemoSettings,
  pool: string,
  siblings: DemoProgress['siblings'],
  endsAt: number,
  isOver: () => boolean,
): Promise<void> {
  const { signal, clock = systemClock, onProgress } = settings
  while (!isOver()) {
    const figures = await readFigures(settings, pool)
    onProgress({ pool, figures, siblings, secondsLeft: Math.max(0, Math.ceil((endsAt - clock.monotonic()) / 1000)) })
    await clock.sleep(progressIntervalMs, { signal })
  }
}

/** The balance counts expired holds as released, so it is asked until none is left. */
async function waitForExpiry(settings: DemoSettings, pool: string): Promise<PoolFigures> {
  const { signal, clock = systemClock } = settings
  const deadline = clock.monotonic() + (ttlSeconds + 60) * 1000
  for (;;) {
    const figures = await readFigures(settings, pool)
    if (figures.held === 0 || clock.monotonic() > deadline) return figures
    await clock.sleep(progressIntervalMs, { signal })
  }
}

async function readFigures(
  { client, signal, clock = systemClock, random = Math.random }: DemoSettings,
  pool: string,
): Promise<PoolFigures> {
  const { granted, spent, held, available } = await certain({ clock, signal, random }, () =>
    client.getBalance({ params: { project: topPool, code: pool } }, { signal }),
  )
  if (granted === undefined || spent === undefined) throw new CoreError('E_INTERNAL', 'the balance of now has totals')
  return { granted, spent, held, available }
}
