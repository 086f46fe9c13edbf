import {
  getWebhook,
  listWebhooks,
  putWebhook,
  removeWebhook,
  replayWebhook,
  rotateWebhookSecret,
  testWebhook,
} from '@core/api'
import { callable, webhookTarget } from '@core/api/functions'
import type { Database } from '@core/database'
import { type Clock, isCoreError, uuidv7 } from '@core/foundation'
import { type BoundRoute, type CoreAnswer, type RouteContext, serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'
import { notFound, ProblemError } from '../../http/problem-error.ts'
import type { AddressGuard } from './address-guard.ts'
import { postEvent } from './post-event.ts'
import { generateWebhookSecret, signatureHeaders } from './signature.ts'

interface RouteDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly guard: AddressGuard
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
}

const testTimeoutMs = 5000

export function webhookRoutes({ database, guard, clock }: RouteDependencies): BoundRoute[] {
  const findTarget = callable(database, webhookTarget)
  return [
    serve(listWebhooks, async ({ project, rpc }) =>
      toPage('webhooks', await rpc('webhook_list', { p_project: project })),
    ),
    serve(getWebhook, async ({ project, params: { name }, rpc }) =>
      toAnswer(200, { ok: true, ...(await find(rpc, project, name)) }),
    ),
    serve(putWebhook, async ({ project, params: { name }, body: { url, topics, enabled }, rpc }) => {
      checkAddress(guard, url)
      const secret = generateWebhookSecret()
      const put = {
        p_name: name,
        p_url: url,
        p_topics: topics,
        p_secret: secret,
        p_enabled: enabled,
        p_project: project,
      }
      const answer = await rpc('webhook_put', put)
      const created = answer['created'] === true
      return toAnswer(created ? 201 : 200, { ...answer, secret: created ? secret : null })
    }),
    serve(removeWebhook, async ({ project, params: { name }, rpc }) =>
      toAnswer(200, await rpc('webhook_remove', { p_name: name, p_project: project })),
    ),
    serve(rotateWebhookSecret, async ({ project, params: { name }, idempotencyKey, body, rpc }) => {
      const secret = generateWebhookSecret()
      const answer = await rpc('webhook_rotate', {
        p_key: idempotencyKey,
        p_name: name,
        p_secret: secret,
        p_overlap_s: body.overlapSeconds,
        p_project: project,
      })
      return toAnswer(200, { ...answer, secret: answer['replayed'] === true ? null : secret })
    }),
    serve(replayWebhook, async ({ project, params: { name }, idempotencyKey, body: { after, topics = null }, rpc }) =>
      toAnswer(
        200,
        await rpc('webhook_replay', {
          p_key: idempotencyKey,
          p_name: name,
          p_after: after,
          p_topics: topics,
          p_project: project,
        }),
      ),
    ),
    serve(testWebhook, async ({ project, params: { name }, rpc }) => {
      // Asks with the caller's scopes first: the target, which holds the secrets, is read without them.
      await find(rpc, project, name)
      const { url, secrets } = await findTarget({ name, project })
      const timestamp = clock.now()
      const at = new Date(timestamp).toISOString()
      const body = JSON.stringify({
        type: 'webhook.test',
        timestamp: at,
        data: { name },
        topic: 'webhook',
        project,
        seq: null,
      })
      const signed = { id: `test.${uuidv7()}`, timestamp: Math.floor(timestamp / 1000), body }
      const startedAt = clock.monotonic()
      const { delivered, status, error } = await postEvent({
        url,
        body,
        headers: signatureHeaders(signed, secrets),
        guard,
        timeoutMs: testTimeoutMs,
      })
      const milliseconds = Math.round(clock.monotonic() - startedAt)
      return { status: 200, body: { delivered, status, error, milliseconds } }
    }),
  ]
}

async function find(rpc: RouteContext['rpc'], project: string, name: string): Promise<CoreAnswer> {
  const answer = await rpc('webhook_list', { p_project: project })
  const rows: readonly CoreAnswer[] = Array.isArray(answer['webhooks']) ? answer['webhooks'] : []
  const found = rows.find((row) => row['name'] === name)
  if (found === undefined) throw notFound()
  return found
}

/** Names are resolved at each delivery; what can be seen in the address itself is refused at once. */
function checkAddress(guard: AddressGuard, url: string): void {
  try {
    guard.check(new URL(url))
  } catch (error) {
    if (!isCoreError(error)) throw error
    const errors = [
      { location: 'body.url', message: error.message, ...(error.fix === undefined ? {} : { fix: error.fix }) },
    ]
    throw new ProblemError('invalid', `body.url: ${error.message}`, { errors })
  }
}
