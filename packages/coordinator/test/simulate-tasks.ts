import {
  callable,
  coordinatorPoll,
  taskBeat,
  taskCancel,
  taskClaim,
  taskEnqueue,
  taskSettle,
} from '@core/api/functions'
import type { TestDatabase } from '@core/database/testing'
import { uuidv7 } from '@core/foundation'
import fc from 'fast-check'

const leaseSeconds = 300
/** Two jumps leave a lease alive and three end it, with 50 seconds for what the calls themselves take. */
const jumpSeconds = 125
const workers = 4
/** How many of a group run at a time. */
const limits = { single: 1, pair: 2 } as const

type Group = keyof typeof limits
type Outcome = 'done' | 'failed' | 'released'
type Operation =
  | { type: 'enqueue'; count: number; group: Group | undefined; isNeeding: boolean }
  | { type: 'claim'; worker: number; limit: number }
  | { type: 'report'; worker: number; outcome: Outcome; isTwice: boolean }
  | { type: 'next'; worker: number; limit: number }
  | { type: 'beat'; worker: number }
  | { type: 'kill'; worker: number }
  | { type: 'cancel'; pick: number }
type Step = { type: 'jump' } | { type: 'calls'; calls: readonly Operation[] }

const worker = fc.nat({ max: workers - 1 })
const limit = fc.integer({ min: 1, max: 4 })
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    type: fc.constant('enqueue' as const),
    count: fc.integer({ min: 1, max: 4 }),
    group: fc.constantFrom(undefined, 'single' as const, 'pair' as const),
    isNeeding: fc.boolean(),
  }),
  { arbitrary: fc.record({ type: fc.constant('claim' as const), worker, limit }), weight: 3 },
  {
    arbitrary: fc.record({
      type: fc.constant('report' as const),
      worker,
      outcome: fc.constantFrom<Outcome>('done', 'done', 'failed', 'released'),
      isTwice: fc.boolean(),
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ type: fc.constant('next' as const), worker, limit }), weight: 2 },
  fc.record({ type: fc.constant('beat' as const), worker }),
  fc.record({ type: fc.constant('kill' as const), worker }),
  fc.record({ type: fc.constant('cancel' as const), pick: fc.nat({ max: 30 }) }),
)
const steps = fc.array(
  fc.oneof(
    { arbitrary: fc.constant<Step>({ type: 'jump' }), weight: 1 },
    {
      arbitrary: fc.record({
        type: fc.constant('calls' as const),
        calls: fc.array(operation, { minLength: 1, maxLength: 4 }),
      }),
      weight: 5,
    },
  ),
  { minLength: 12, maxLength: 24, size: 'max' },
)

interface Holding {
  readonly task: string
  readonly fence: number
  readonly worker: number
  /** By the simulated clock. */
  renewedAt: number
  /** A report has been sent. */
  isReported: boolean
  /** A report has been accepted. */
  isOver: boolean
  /** The process is gone: no report will come, and the lease has to end by its time. */
  isForgotten: boolean
}

/** The queue of one run, and what must be true of it. */
function createWorld(on: TestDatabase, project: string, queue: string) {
  const calls = {
    enqueue: callable(on.database, taskEnqueue),
    claim: callable(on.database, taskClaim),
    settle: callable(on.database, taskSettle),
    poll: callable(on.database, coordinatorPoll),
    beat: callable(on.database, taskBeat),
    cancel: callable(on.database, taskCancel),
  }
  const enqueued: string[] = []
  const needs = new Map<string, string>()
  const groups = new Map<string, Group>()
  const holdings: Holding[] = []
  const accepted = new Set<string>()
  const cancelled = new Set<string>()
  let now = 0

  const claimInput = (at: number, count: number) => ({
    queues: [queue],
    worker: `w${at}`,
    limit: count,
    leaseS: leaseSeconds,
    project,
  })
  const held = (at: number) => holdings.filter((each) => each.worker === at && !each.isOver && !each.isForgotten)
  const isLive = ({ renewedAt }: Holding) => now - renewedAt < leaseSeconds

  function noteClaimed(at: number, rows: readonly { task: string; fence: number }[]): void {
    for (const { task, fence } of rows) {
      for (const other of holdings.filter((each) => each.task === task)) {
        if (other.fence >= fence) throw new Error(`${task} was claimed under ${fence} after ${other.fence}`)
        if (isLive(other) && !other.isReported && !other.isOver) throw new Error(`${task} has two live holders`)
      }
      if (accepted.has(task)) throw new Error(`${task} was claimed after its result was accepted`)
      holdings.push({ task, fence, worker: at, renewedAt: now, isReported: false, isOver: false, isForgotten: false })
    }
  }

  function noteSettled(
    of: readonly Holding[],
    outcome: Outcome,
    answers: readonly { task: string; status: string; replayed?: boolean | undefined }[],
  ): void {
    for (const [index, holding] of of.entries()) {
      const answer = answers[index]
      if (answer?.task !== holding.task) throw new Error(`the report on ${holding.task} has no answer of its own`)
      if (answer.status === 'stale' || answer.replayed) continue
      if (!isLive(holding)) throw new Error(`the late report on ${holding.task} was accepted`)
      if (outcome === 'done' && accepted.has(holding.task)) throw new Error(`${holding.task} was accepted twice`)
      if (outcome === 'done') accepted.add(holding.task)
      holding.isOver = true
    }
  }

  const toReports = (of: readonly Holding[], outcome: Outcome) =>
    of.map(({ task, fence }) => {
      return { task, fence, outcome, ...(outcome === 'done' ? { result: fence } : { error: 'no', delay_ms: 0 }) }
    })

  async function perform(of: Operation): Promise<void> {
    switch (of.type) {
      case 'enqueue': {
        const need = of.isNeeding ? enqueued.at(-1) : undefined
        const tasks = Array.from({ length: of.count }, () => ({
          key: uuidv7(),
          kind: 'k',
          max_attempts: 100,
          ...(of.group === undefined ? {} : { group: of.group }),
          ...(need === undefined ? {} : { needs: [need] }),
        }))
        const answer = await calls.enqueue({ queue, tasks, project })
        if (!answer.ok) throw new Error(`enqueueing was denied: ${answer.code}`)
        for (const { task } of answer.tasks) {
          enqueued.push(task)
          if (of.group !== undefined) groups.set(task, of.group)
          if (need !== undefined) needs.set(task, need)
        }
        return
      }
      case 'claim': {
        const answer = await calls.claim(claimInput(of.worker, of.limit))
        if (!answer.ok) throw new Error(`claiming was denied: ${answer.code}`)
        return noteClaimed(of.worker, answer.tasks)
      }
      case 'report': {
        const some = held(of.worker).slice(0, 2)
        if (some.length === 0) return
        for (const each of some) each.isReported = true
        const items = toReports(some, of.outcome)
        const answers = await Promise.all(
          Array.from({ length: of.isTwice ? 2 : 1 }, () => calls.settle({ items, project })),
        )
        for (const { tasks } of answers) noteSettled(some, of.outcome, tasks)
        return
      }
      case 'next': {
        const all = held(of.worker)
        for (const each of all) each.isReported = true
        const { leaseS: lease_s, project: _, ...input } = claimInput(of.worker, of.limit)
        const answer = await calls.poll({ tasks: { ...input, lease_s, reports: toReports(all, 'done') }, project })
        if (!answer.ok) throw new Error(`the poll was denied: ${answer.code}`)
        noteSettled(all, 'done', taskSettle.parse({ ok: true, tasks: answer.settled }).tasks)
        const claimed = taskClaim.parse({ ok: true, tasks: answer.tasks })
        return noteClaimed(of.worker, claimed.ok ? claimed.tasks : [])
      }
      case 'beat': {
        // A process that has a task again beats for its new claim alone.
        const all = [...new Map(held(of.worker).map((each) => [each.task, each])).values()]
        if (all.length === 0) return
        const at = { tasks: all.map(({ task }) => task), fences: all.map(({ fence }) => fence) }
        const { lost } = await calls.beat({ ...at, leaseS: leaseSeconds, project }).catch((error: unknown) => {
          throw new Error('a beat has failed', { cause: error })
        })
        for (const each of all) {
          if (lost.includes(each.task)) continue
          if (!isLive(each)) throw new Error(`the claim of ${each.task} was renewed after its end`)
          each.renewedAt = now
        }
        return
      }
      case 'kill':
        for (const each of held(of.worker)) each.isForgotten = true
        return
      case 'cancel': {
        const task = enqueued[of.pick % Math.max(1, enqueued.length)]
        if (task === undefined) return
        // Before the call: what it takes from its worker may be answered as stale at the same time.
        for (const each of holdings.filter((one) => one.task === task)) each.isReported = true
        if ((await calls.cancel({ task, project })).cancelled) cancelled.add(task)
        return
      }
      default:
        of satisfies never
    }
  }

  /** All of this is true whenever no call is under way. */
  async function check(): Promise<void> {
    const rows = await on.sql(
      `select group_name, count(*)::int as running from core.task
        where project = $1 and queue = $2 and state = 'running' and group_name is not null group by 1
       union all select 'orphans', count(*)::int from core.task_slot s left join core.task t on t.id = s.task and t.state = 'running'
        where s.project = $1 and s.queue = $2 and s.task is not null and t.id is null`,
      [project, queue],
    )
    for (const { group_name: group, running } of rows) {
      const most = group === 'pair' ? limits.pair : group === 'single' ? limits.single : 0
      if (Number(running) > most) throw new Error(`${running} of the group ${group} run or hold a slot, ${most} may`)
    }
    for (const { task } of holdings) {
      const need = needs.get(task)
      if (need !== undefined && !accepted.has(need)) throw new Error(`${task} was claimed before its need was done`)
    }
  }

  async function jump(seconds: number): Promise<void> {
    now += seconds
    await on.sql(
      `update core.task set leased_until = leased_until - make_interval(secs => $3::float8), run_at = run_at - make_interval(secs => $3::float8)
       where project = $1 and queue = $2`,
      [project, queue, seconds],
    )
  }

  /** What a task has to be once all is done that can be. */
  function endOf(task: string): string {
    if (accepted.has(task)) return 'done'
    if (cancelled.has(task)) return 'cancelled'
    const need = needs.get(task)
    return need === undefined ? 'done' : cancelled.has(need) ? 'blocked' : endOf(need) === 'done' ? 'done' : 'pending'
  }

  /** A worker that lives does all that is left. */
  async function finish(): Promise<void> {
    await jump(10 * leaseSeconds)
    for (let idle = 0; idle < 2; ) {
      const before = accepted.size
      await perform({ type: 'claim', worker: 0, limit: 100 })
      await perform({ type: 'next', worker: 0, limit: 100 })
      idle = accepted.size === before ? idle + 1 : 0
      await check()
    }
    const rows = await on.sql(
      `select id, status, (result #>> '{}')::bigint as fence from core.task_done where project = $1 and queue = $2
       union all select id, state, null from core.task where project = $1 and queue = $2`,
      [project, queue],
    )
    const status = new Map(rows.map((row) => [String(row['id']), String(row['status'])]))
    for (const task of enqueued) {
      const is = status.get(task)
      const wanted = endOf(task)
      if (is !== wanted) throw new Error(`${task} is ${is} and should be ${wanted}`)
    }
    if (status.size !== enqueued.length)
      throw new Error(`${status.size} tasks are there, ${enqueued.length} were enqueued`)
  }

  return { perform, check, jump, finish, count: () => enqueued.length }
}

/** Runs random sequences of calls, several at a time in an order that the scheduler decides, while the clock jumps. */
export async function simulateTasks(on: TestDatabase, project: string, runs: number): Promise<number> {
  let tasks = 0
  await fc.assert(
    fc.asyncProperty(steps, fc.scheduler(), async (all, scheduler) => {
      const queue = uuidv7()
      await on.database.rpc('task_group_set', {
        p_queue: queue,
        p_group: 'pair',
        p_concurrency: limits.pair,
        p_project: project,
      })
      const world = createWorld(on, project, queue)
      for (const group of [undefined, 'single', 'pair'] as const) {
        await world.perform({ type: 'enqueue', count: 4, group, isNeeding: group === 'pair' })
      }
      for (const step of all) {
        if (step.type === 'jump') {
          await world.jump(jumpSeconds)
          continue
        }
        await scheduler.waitFor(
          Promise.all(
            step.calls.map((of) => scheduler.schedule(Promise.resolve(), of.type).then(() => world.perform(of))),
          ),
        )
        await world.check()
      }
      await world.finish()
      tasks += world.count()
    }),
    { numRuns: runs, endOnFailure: true },
  )
  return tasks
}
