import { CoreError } from '@core/foundation'
import { type Credits, type HoldWorkInput, type LiveHold, microCredits } from '@core/ledger'
import type { Core } from '../core.ts'
import { createPump } from '../pump.ts'
import { toProblem } from './problem.ts'

/** Answers a request, and meters what that used. `rest` is what the framework passes besides. */
export type MeteredHandler<Rest extends readonly unknown[]> = (
  request: Request,
  hold: LiveHold,
  ...rest: Rest
) => Response | Promise<Response>

type PaidLedger = Pick<Core, 'ledger'>
type Of<Value> = Value | ((request: Request) => Value | Promise<Value>)

export interface MeteredHandlerOptions extends Pick<HoldWorkInput, 'ttlSeconds' | 'over' | 'metadata'> {
  /** A function is asked for each request, such as one that opens the core at its first call. */
  readonly core: PaidLedger | (() => PaidLedger | Promise<PaidLedger>)
  /** Who pays. */
  readonly account: Of<string>
  /** The most a request may cost. */
  readonly max: Of<Credits>
  /**
   * Names the effect, so that a request which is sent again is charged once. The handler runs again for it, free: keep what
   * is dear to make under the same key, in `core.cache`. A caller that chooses the key chooses what is charged: derive it
   * from what the server knows. Default: each request is one of its own.
   */
  readonly key?: Of<string | undefined>
  /** A client that reads nothing of a body for so long has left. Default 30,000. */
  readonly readerTimeoutMs?: number | undefined
}

const notNow: readonly string[] = ['E_DATABASE_UNAVAILABLE', 'E_DATABASE_BUSY', 'E_TIMEOUT']

/**
 * A handler of web standards whose requests are paid for: reserved before it runs, and settled when the body of its answer
 * has ended, to what it metered. What metered nothing is charged whole, unless its answer is an error (400 or above). A
 * denial is answered 402 and a database that is away 503, as `application/problem+json`: the handler has not run then.
 */
export function metered<Rest extends readonly unknown[]>(
  handler: MeteredHandler<Rest>,
  { core, account, max, key, readerTimeoutMs = 30_000, ...options }: MeteredHandlerOptions,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const { ledger } = typeof core === 'function' ? await core() : core
    const input: HoldWorkInput = {
      ...options,
      account: await read(account, request),
      max: await read(max, request),
      key: await read(key, request),
    }
    const answered = Promise.withResolvers<Response>()
    let isStarted = false
    let end: (error?: unknown) => void = () => undefined

    async function work(hold: LiveHold): Promise<void> {
      isStarted = true
      const response = await handler(request, hold, ...rest)
      if (response.body === null) {
        end = () => answered.resolve(response)
      } else {
        const pump = createPump<Uint8Array>({ signal: hold.signal, readerTimeoutMs })
        end = pump.end
        answered.resolve(new Response(pump.stream, response))
        try {
          for await (const _ of pump.parts(response.body));
        } catch (error) {
          pump.end(error)
          throw error
        }
        pump.endSoon()
      }
      if (response.status >= 400 && hold.metered === 0) hold.meter(microCredits(0))
    }

    ledger.withHold(input, work, { signal: request.signal }).then(
      (outcome) => {
        if ('value' in outcome) end()
        else answered.resolve(toProblem(402, outcome.status, outcome))
      },
      (error: unknown) => {
        const isRefused = !isStarted && error instanceof CoreError && notNow.includes(error.code)
        if (isRefused) answered.resolve(toProblem(503, 'unavailable', {}, { 'retry-after': '1' }))
        else answered.reject(error)
      },
    )
    return await answered.promise
  }
}

async function read<Value>(given: Of<Value>, request: Request): Promise<Value> {
  return isFunction(given) ? await given(request) : given
}

function isFunction<Value>(given: Of<Value>): given is (request: Request) => Value | Promise<Value> {
  return typeof given === 'function'
}
