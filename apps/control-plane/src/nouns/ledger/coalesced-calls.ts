import { type Database, type JsonInput, type MemberClaims, type RpcOptions, toDatabaseError } from '@core/database'
import { CoreError, isCoreError, isObject } from '@core/foundation'
import { type Coalescer, createCoalescer } from '@core/ledger'
import { z } from 'zod'

type Calls = Pick<Database, 'call'>
type Args = Readonly<Record<string, JsonInput>>

interface Call {
  readonly name: string
  readonly args: Args
  readonly requestId: string
}

/** What became of one call: its answer, or what it throws. Other calls of its batch are not affected. */
type Outcome = { readonly answer: Awaited<ReturnType<Calls['call']>> } | { readonly error: unknown }

/** The functions that are operations of a batch, too. */
const operations: ReadonlySet<string> = new Set(
  ['reserve', 'extend', 'capture', 'settle', 'void', 'charge', 'grant', 'transfer', 'refund'].map(
    (op) => `ledger_${op}`,
  ),
)

const maxBatch = 1_000
const maxQueue = 10_000
/** The last resort: how long a call may take is the database's setting. */
const timeoutMs = 60_000
/** Of a batch: more than the two seconds that a call waits for a lock. Its calls go alone after that. */
const batchTimeoutMs = 3_000
/** Of a call that goes alone after its batch failed. */
const aloneTimeoutMs = 7_000
/** Calls of a batch that go alone, at once. */
const maxAlone = 8

/**
 * The database, with the ledger's calls that are in flight together for one credential sent as one batch. A call that is
 * alone is sent as it is. Answers, errors and journal rows are those of single calls: each operation keeps the id of its
 * own request. A batch runs under the claims of its calls, which are the same but for that id.
 */
export function coalesceLedgerCalls(database: Calls): Calls {
  const coalescers = new Map<string, Coalescer<Call, Outcome | Promise<Outcome>>>()

  async function call(name: string, args: Args, options: RpcOptions = {}) {
    const { claims, signal, timeoutMs: limitMs } = options
    if (claims?.role !== 'core_member' || claims.requestId === undefined || !operations.has(name)) {
      return database.call(name, args, options)
    }
    const outcome = await submit({ name, args, requestId: claims.requestId }, claims, {
      ...(signal === undefined ? {} : { signal }),
      ...(limitMs === undefined ? {} : { timeoutMs: limitMs }),
    })
    if ('error' in outcome) throw outcome.error
    return outcome.answer
  }

  async function submit(item: Call, { requestId: _, ...claims }: MemberClaims, options: RpcOptions): Promise<Outcome> {
    const key = toKey(claims)
    let coalescer = coalescers.get(key)
    if (coalescer === undefined) {
      coalescer = createCoalescer({ send: (calls) => send(database, claims, calls), maxBatch, maxQueue, timeoutMs })
      coalescers.set(key, coalescer)
    }
    try {
      return await coalescer.submit(item, options)
    } finally {
      if (coalescer.pending === 0 && coalescers.get(key) === coalescer) coalescers.delete(key)
    }
  }

  return { call }
}

/** The same for all calls of one credential in one project. */
function toKey({ caps, ...rest }: Omit<MemberClaims, 'requestId'>): string {
  let text = texts.get(caps)
  if (text === undefined) {
    text = JSON.stringify(caps)
    texts.set(caps, text)
  }
  return `${JSON.stringify(rest)}${text}`
}

/** Lists of scopes as texts: a credential has one list for all its calls. */
const texts = new WeakMap<readonly string[], string>()

type Outcomes = readonly (Outcome | Promise<Outcome>)[]

async function send(database: Calls, claims: MemberClaims, calls: readonly Call[]): Promise<Outcomes> {
  const [only] = calls
  if (only !== undefined && calls.length === 1) return [await sendAlone(database, claims, only)]
  const requestIds = calls.map(({ requestId }) => requestId)
  try {
    const answer = await database.call(
      'ledger_batch_json',
      { p_ops: calls.map(toOperation) },
      { claims: { ...claims, requestIds }, timeoutMs: batchTimeoutMs },
    )
    return toOutcomes(calls, answer)
  } catch (error) {
    if (isCoreError(error) && ofEachCall.has(error.code)) throw error
    // What one of them waits for, the others need not wait for. Each has its key, so that none counts twice.
    return sendEachAlone(database, claims, calls)
  }
}

/** What a call alone would meet as well. */
const ofEachCall: ReadonlySet<string> = new Set(['E_DATABASE_UNAVAILABLE', 'E_DATABASE_SCHEMA', 'E_CLOSED'])

async function sendAlone(
  database: Calls,
  claims: MemberClaims,
  { name, args, requestId }: Call,
  limits: Pick<RpcOptions, 'timeoutMs'> = {},
): Promise<Outcome> {
  try {
    return { answer: await database.call(name, args, { claims: { ...claims, requestId }, ...limits }) }
  } catch (error) {
    return { error }
  }
}

/** A promise for each call, so that none waits for another one's answer. */
function sendEachAlone(database: Calls, claims: MemberClaims, calls: readonly Call[]): readonly Promise<Outcome>[] {
  const places = calls.map((call) => ({ call, ...Promise.withResolvers<Outcome>() }))
  const waiting = places.values()
  const work = async () => {
    for (const { call, resolve } of waiting)
      resolve(await sendAlone(database, claims, call, { timeoutMs: aloneTimeoutMs }))
  }
  for (let nth = 0; nth < Math.min(maxAlone, calls.length); nth++) void work()
  return places.map(({ promise }) => promise)
}

/** `ledger_reserve` with `p_amount` is `{ op: 'reserve', amount }`; null is left out, as a batch has it. */
function toOperation({ name, args }: Call): JsonInput {
  const operation: Record<string, JsonInput> = { op: name.slice('ledger_'.length) }
  for (const [field, value] of Object.entries(args)) {
    if (value !== null) operation[field.slice('p_'.length)] = value
  }
  return operation
}

const misuse = z.object({
  ok: z.literal(false),
  code: z.string(),
  error: z.object({
    sqlstate: z.string(),
    message: z.string(),
    fix: z.string().nullish(),
    details: z.custom<Readonly<Record<string, unknown>>>(isObject),
  }),
})

function toOutcomes(calls: readonly Call[], answer: unknown): readonly Outcome[] {
  const results = isObject(answer) ? answer['results'] : undefined
  if (!Array.isArray(results) || results.length !== calls.length) {
    throw new CoreError('E_INTERNAL', 'ledger_batch_json answered in a form that this server does not know')
  }
  return results.map((result) => {
    // Looked at first: to fail is the slowest that zod does, and nearly every result is an answer.
    const refused = isObject(result) && result['error'] !== undefined ? misuse.safeParse(result) : undefined
    return refused?.success ? { error: toError(refused.data) } : { answer: result }
  })
}

/** The error that the function throws when it is called alone. */
function toError({ code, error }: z.output<typeof misuse>): CoreError {
  const { sqlstate, message, fix, details } = error
  const detail = sqlstate.startsWith('PT') ? JSON.stringify({ ...details, code }) : null
  return toDatabaseError('the database', { code: sqlstate, message, hint: fix ?? null, detail })
}
