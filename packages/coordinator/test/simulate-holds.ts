import { callable, claimRelease, claimRenew, claimTake, lockAcquire, lockRelease, lockRenew } from '@core/api/functions'
import type { TestDatabase } from '@core/database/testing'
import { uuidv7 } from '@core/foundation'
import fc from 'fast-check'

const ttlS = 300
/** Two jumps leave a hold alive and three end it, with 50 seconds for what the calls themselves take. */
const jumpSeconds = 125
const processes = 3
const lockNames = ['a', 'b']
const paths = ['r', 'r/a', 'r/a/b', 'r/c']

type Kind = 'lock' | 'claim'
type Mode = 'exclusive' | 'shared'
interface Operation {
  readonly type: 'take' | 'renew' | 'release'
  readonly kind: Kind
  readonly process: number
  readonly pick: number
  readonly mode: Mode
}
interface Hold {
  readonly kind: Kind
  readonly name: string
  readonly mode: Mode
  readonly process: number
  readonly fence: number
  /** By the simulated clock. */
  renewedAt: number
  isReleasing: boolean
}

const operation: fc.Arbitrary<Operation> = fc.record({
  type: fc.constantFrom('take' as const, 'take' as const, 'renew' as const, 'release' as const),
  kind: fc.constantFrom<Kind>('lock', 'claim'),
  process: fc.nat({ max: processes - 1 }),
  pick: fc.nat({ max: 20 }),
  mode: fc.constantFrom<Mode>('exclusive', 'exclusive', 'shared'),
})
const steps = fc.array(
  fc.oneof(
    { arbitrary: fc.constant<'jump'>('jump'), weight: 1 },
    { arbitrary: fc.array(operation, { minLength: 1, maxLength: 5 }), weight: 4 },
  ),
  { minLength: 10, maxLength: 20, size: 'max' },
)

const lies = (one: string, other: string) => `${one}/`.startsWith(`${other}/`)

/** Whether two holds exclude each other. */
function excludes(one: Hold, other: Hold): boolean {
  if (one.kind !== other.kind) return false
  if (one.kind === 'lock') return one.name === other.name
  return (
    (lies(one.name, other.name) || lies(other.name, one.name)) &&
    (one.mode === 'exclusive' || other.mode === 'exclusive')
  )
}

/** Processes take, keep and release locks and claims in any order while the clock jumps. Answers how many were taken. */
export async function simulateHolds(on: TestDatabase, project: string, numRuns: number): Promise<number> {
  const calls = {
    acquire: callable(on.database, lockAcquire),
    renewLock: callable(on.database, lockRenew),
    releaseLock: callable(on.database, lockRelease),
    take: callable(on.database, claimTake),
    renewClaim: callable(on.database, claimRenew),
    releaseClaim: callable(on.database, claimRelease),
  }
  let taken = 0

  async function runOnce(scheduler: fc.Scheduler, planned: readonly ('jump' | readonly Operation[])[]): Promise<void> {
    const root = uuidv7()
    const sessions = await Promise.all(
      Array.from({ length: processes }, async () => {
        const fingerprint = uuidv7().replaceAll('-', '').padEnd(64, '0')
        const opened = await on.database.rpc('session_open', {
          p_key: fingerprint,
          p_fingerprint: fingerprint,
          p_ttl_s: 3600,
          p_project: project,
        })
        return String(Object(opened).session)
      }),
    )
    const holds: Hold[] = []
    let now = 0
    const isLive = (hold: Hold) => now - hold.renewedAt < ttlS

    async function take({ kind, process, pick, mode }: Operation): Promise<void> {
      const name = `${root}/${kind === 'lock' ? lockNames[pick % lockNames.length] : paths[pick % paths.length]}`
      const answer =
        kind === 'lock'
          ? await calls.acquire({ name, holder: uuidv7(), ttlS, project })
          : await calls.take({ key: uuidv7(), session: sessions[process] ?? '', resource: name, mode, ttlS, project })
      if (!answer.ok) return
      const hold: Hold = { kind, name, mode, process, fence: answer.fence, renewedAt: now, isReleasing: false }
      for (const other of holds.filter((each) => excludes(each, hold))) {
        if (isLive(other) && !other.isReleasing) throw new Error(`${kind} ${name} has two live holders`)
        if (other.fence >= hold.fence)
          throw new Error(`${kind} ${name} was taken under ${hold.fence} after ${other.fence}`)
      }
      holds.push(hold)
      taken++
    }

    async function renew(hold: Hold): Promise<void> {
      const wasOver = !isLive(hold) || hold.isReleasing || isSucceeded(hold)
      const input = { fence: hold.fence, ttlS, project }
      const answer =
        hold.kind === 'lock'
          ? await calls.renewLock({ ...input, name: hold.name })
          : await calls.renewClaim({ ...input, resource: hold.name })
      if (answer.ok && wasOver && !hold.isReleasing) throw new Error(`the late renewal of ${hold.name} was accepted`)
      if (!answer.ok && !wasOver && !hold.isReleasing) throw new Error(`the live hold of ${hold.name} was refused`)
      if (answer.ok) hold.renewedAt = now
    }

    async function release(hold: Hold): Promise<void> {
      const isOver = !isLive(hold) || isSucceeded(hold)
      hold.isReleasing = true
      const input = { fence: hold.fence, project }
      const { released } =
        hold.kind === 'lock'
          ? await calls.releaseLock({ ...input, name: hold.name })
          : await calls.releaseClaim({ ...input, resource: hold.name })
      if (released && isOver) throw new Error(`the late release of ${hold.name} was accepted`)
    }

    /** Another one has taken what it held. */
    const isSucceeded = (hold: Hold) => holds.some((each) => each.fence > hold.fence && excludes(each, hold))

    async function run(of: Operation): Promise<void> {
      if (of.type === 'take') return take(of)
      const own = holds.filter(({ kind, process }) => kind === of.kind && process === of.process)
      const hold = own[of.pick % Math.max(1, own.length)]
      if (hold !== undefined) await (of.type === 'renew' ? renew(hold) : release(hold))
    }

    for (const step of planned) {
      if (step !== 'jump') {
        const running = step.map((each) => scheduler.schedule(Promise.resolve(each), each.type).then(run))
        await scheduler.waitFor(Promise.all(running))
        continue
      }
      now += jumpSeconds
      for (const table of ['lock', 'claim']) {
        await on.sql(
          `update core.${table} set ends_at = ends_at - interval '${jumpSeconds} seconds' where project = $1`,
          [project],
        )
      }
    }
  }

  await fc.assert(
    fc.asyncProperty(fc.scheduler(), steps, (scheduler, planned) => runOnce(scheduler, planned)),
    { numRuns, endOnFailure: true },
  )
  return taken
}
