import { type AcceptedOf, callable, webhookClaim, webhookReport } from '@core/api/functions'
import type { Database } from '@core/database'
import { type Clock, isCoreError, type Logger } from '@core/foundation'
import type { AddressGuard } from '../../http/address-guard.ts'
import { toCamelCase } from '../../http/camel-case.ts'
import type { Vault } from '../../vault/vault.ts'
import { type PostOutcome, postEvent } from './post-event.ts'
import { openSecrets } from './sealed-secret.ts'
import { signatureHeaders } from './signature.ts'

export interface DeliveryDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly guard: AddressGuard
  readonly vault: Pick<Vault, 'open'>
  readonly logger: Logger
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly onAttempt: (outcome: PostOutcome) => void
  /** Milliseconds a receiver may take for one event. Default 5000. */
  readonly timeoutMs?: number
}

export interface Deliveries {
  /** Claims what is due and starts to send it, as far as there is room. Resolves with how many topics that are. */
  start(signal: AbortSignal): Promise<number>
  /** Topics that are being delivered now. */
  readonly underWay: ReadonlySet<Promise<void>>
}

type Due = AcceptedOf<typeof webhookClaim>['due'][number]

/** As the outbox has it: a topic that a later version added is sent like any other, for this process may be the older one. */
type DueEvent = Due['events'][number]

interface Claimed {
  readonly lease: string
  readonly epoch: string
}

const mostAtOnce = 50
/** Longer than the deliveries of one claim take: until then no other process sends them. */
const leaseSeconds = 30
/** A topic is reported after so long, and claimed again for the rest. */
const reportAfterMs = 10_000

/** Sends events to webhooks. What is interrupted is sent again by whichever process claims it after the lease. */
export function createDeliveries(dependencies: DeliveryDependencies): Deliveries {
  const { database, guard, vault, logger, clock, onAttempt, timeoutMs = 5000 } = dependencies
  const claim = callable(database, webhookClaim)
  const report = callable(database, webhookReport)
  const underWay = new Set<Promise<void>>()

  /** A secret that no key opens is a failed attempt like any other: it is shown, and tried again. */
  function openForDelivery(due: Due): { readonly secrets: readonly string[]; readonly fault?: PostOutcome } {
    try {
      return { secrets: openSecrets(vault, due) }
    } catch (error) {
      if (!isCoreError(error)) throw error
      return { secrets: [], fault: { delivered: false, status: null, error: error.message, retryAfterSeconds: null } }
    }
  }

  async function deliver(due: Due, { lease, epoch }: Claimed, signal: AbortSignal): Promise<void> {
    const startedAt = clock.monotonic()
    const { secrets, fault } = openForDelivery(due)
    let through: number | undefined
    let delivered = 0
    let last: PostOutcome | undefined = fault
    for (const event of fault === undefined ? due.events : []) {
      const body = eventBody(event)
      const timestamp = Math.floor(clock.now() / 1000)
      const headers = signatureHeaders({ id: `${epoch}.${event.seq}`, timestamp, body }, secrets)
      last = await postEvent({ url: due.url, headers, body, guard, timeoutMs, signal })
      if (signal.aborted) return
      onAttempt(last)
      if (!last.delivered) break
      through = event.seq
      delivered++
      if (clock.monotonic() - startedAt > reportAfterMs) break
    }
    const { status = null, error = null, retryAfterSeconds = null } = last ?? {}
    await report(
      {
        webhook: due.webhook,
        topic: due.topic,
        lease,
        through: through ?? 0,
        delivered,
        ...(status === null ? {} : { status }),
        ...(error === null ? {} : { error }),
        ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
      },
      { signal },
    )
    if (error !== null) {
      logger.debug(
        { webhook: due.name, project: due.project, topic: due.topic, status, reason: error },
        'delivery failed',
      )
    }
  }

  return {
    underWay,
    async start(signal) {
      const room = mostAtOnce - underWay.size
      if (room <= 0) return 0
      const { lease, epoch, due } = await claim({ limit: room, leaseSeconds }, { signal })
      for (const one of due) {
        const work = deliver(one, { lease, epoch }, signal)
          .catch((error: unknown) => {
            if (!signal.aborted) logger.warn({ webhook: one.name, err: error }, 'a delivery could not be reported')
          })
          .finally(() => underWay.delete(work))
        underWay.add(work)
      }
      return due.length
    },
  }
}

/** The body of a delivery as Standard Webhooks recommends it, with the event's place in the outbox. */
function eventBody({ type, topic, at, data, seq, project }: DueEvent): string {
  return JSON.stringify({ type: `${topic}.${type}`, timestamp: at, data: toCamelCase(data), topic, project, seq })
}
