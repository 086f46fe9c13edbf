import { sessionBeats, toSqlArguments } from '@core/api/functions'
import type { Database, JsonInput, MemberClaims, RpcOptions } from '@core/database'
import { isCoreError, raceSignal } from '@core/foundation'

type Calls = Pick<Database, 'call'>
type Args = Readonly<Record<string, JsonInput>>
type Answer = Awaited<ReturnType<Calls['call']>>

interface Beat {
  readonly args: Args
  readonly project: string
  readonly alone: () => Promise<Answer>
  readonly resolve: (answer: Answer | Promise<Answer>) => void
  readonly reject: (error: unknown) => void
}

/** Between two calls for beats: a third of the shortest pause that a session has between its own. */
const gatherMs = 300
const maxBatch = 1_000
/** Of a call for many: more than the two seconds that a call waits for a lock. Its beats go alone after that. */
const timeoutMs = 3_000

/**
 * The database, with the beats of all sessions sent as one call, three times a second: what a call and its commit cost is
 * ten times what a beat does. One that comes when none was sent for that long is sent at once and as it is. A beat that the
 * call for many does not take goes alone under its own claims, so that each refusal is the function's own.
 */
export function gatherBeats(database: Calls): Calls {
  let waiting: Beat[] = []
  let sentAt = Number.NEGATIVE_INFINITY

  function flush(): void {
    const beats = waiting
    ;[waiting, sentAt] = [[], performance.now()]
    for (let from = 0; from < beats.length; from += maxBatch)
      void sendInOrder(database, beats.slice(from, from + maxBatch))
  }

  return {
    async call(name, args, options = {}) {
      const { claims, signal } = options
      if (name !== 'session_beat' || !isOwn(args, claims)) return await database.call(name, args, options)
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      waiting.push({ args, project: claims.project, alone: () => database.call(name, args, options), resolve, reject })
      if (waiting.length === 1) setTimeout(flush, Math.max(0, sentAt + gatherMs - performance.now()))
      return await (signal === undefined ? promise : raceSignal(promise, signal))
    },
  }
}

/** What core.authorize asks of a member's claims; whether the project is archived, the database looks up for all. */
function isOwn({ p_project }: Args, claims: RpcOptions['claims']): claims is MemberClaims {
  return (
    claims?.role === 'core_member' &&
    claims.root === undefined &&
    claims.caps.includes('session:run') &&
    p_project === claims.project
  )
}

/** The first beat of each session together; what a session sent after it follows alone, in its order. */
async function sendInOrder(database: Calls, beats: readonly Beat[]): Promise<void> {
  const bySession = Map.groupBy(beats, ({ args }) => args['p_session'])
  await send(
    database,
    beats.filter((beat) => bySession.get(beat.args['p_session'])?.[0] === beat),
  )
  for (const [, ...later] of bySession.values()) void sendAlone(later)
}

async function sendAlone(beats: readonly Beat[]): Promise<void> {
  for (const beat of beats) {
    const answer = beat.alone()
    beat.resolve(answer)
    await answer.catch(() => undefined)
  }
}

async function send(database: Calls, beats: readonly Beat[]): Promise<void> {
  if (beats.length === 1) return await sendAlone(beats)
  try {
    const args = toSqlArguments(sessionBeats.args, { beats: beats.map(toItem) })
    const answer = sessionBeats.parse(await database.call(sessionBeats.name, args, { timeoutMs }))
    const kept = new Map(answer.beats.map(({ at, ...one }) => [at, one]))
    const others = beats.filter((beat, at) => {
      const one = kept.get(at)
      if (one !== undefined) beat.resolve({ ok: true, ...one })
      return one === undefined
    })
    await Promise.all(others.map((beat) => sendAlone([beat])))
  } catch (error) {
    if (isCoreError(error) && ofEachCall.has(error.code)) for (const beat of beats) beat.reject(error)
    else await Promise.all(beats.map((beat) => sendAlone([beat])))
  }
}

/** What a beat alone would meet as well. */
const ofEachCall: ReadonlySet<string> = new Set(['E_DATABASE_UNAVAILABLE', 'E_DATABASE_SCHEMA', 'E_CLOSED'])

function toItem({ args, project }: Beat): JsonInput {
  const { p_session = null, p_status = null, p_metrics = {}, p_idle_ms = 0 } = args
  return { session: p_session, project, status: p_status, metrics: p_metrics, idle_ms: p_idle_ms }
}
