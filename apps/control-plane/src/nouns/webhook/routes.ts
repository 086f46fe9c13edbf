import {
  getWebhook,
  listWebhooks,
  putWebhook,
  removeWebhook,
  replayWebhook,
  rotateWebhookSecret,
  testWebhook,
} from '@core/api'
import {
  callable,
  webhookList,
  webhookPut,
  webhookRemove,
  webhookReplay,
  webhookRotate,
  webhookTarget,
} from '@core/api/functions'
import type { Database } from '@core/database'
import { type Clock, isCoreError, toTimestamp, uuidv7 } from '@core/foundation'
import type { AddressGuard } from '../../http/address-guard.ts'
import { type BoundRoute, type RouteContext, serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { forward, forwardPage } from '../../http/forward.ts'
import { notFound, ProblemError } from '../../http/problem-error.ts'
import type { Vault } from '../../vault/vault.ts'
import { postEvent } from './post-event.ts'
import { openSecrets, webhookPlace } from './sealed-secret.ts'
import { generateWebhookSecret, signatureHeaders } from './signature.ts'

interface RouteDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly guard: AddressGuard
  readonly vault: Pick<Vault, 'seal' | 'open'>
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
}

const testTimeoutMs = 5000

export function webhookRoutes({ database, guard, vault, clock }: RouteDependencies): BoundRoute[] {
  const findTarget = callable(database, webhookTarget)
  return [
    forwardPage(listWebhooks, webhookList, 'webhooks', ({ project }) => ({ project })),
    serve(getWebhook, async ({ project, params: { name }, call }) =>
      toAnswer(200, { ok: true, ...(await find(call, project, name)) }),
    ),
    serve(putWebhook, async ({ project, params: { name }, body, call }) => {
      checkAddress(guard, body.url)
      const secret = generateWebhookSecret()
      const answer = await call(webhookPut, {
        ...body,
        name,
        secret: vault.seal(webhookPlace(project, name), secret),
        project,
      })
      return toAnswer(answer.created ? 201 : 200, { ...answer, secret: answer.created ? secret : null })
    }),
    forward(removeWebhook, webhookRemove, ({ project, params: { name } }) => ({ name, project })),
    serve(rotateWebhookSecret, async ({ project, params: { name }, idempotencyKey: key, body, call }) => {
      const secret = generateWebhookSecret()
      const answer = await call(webhookRotate, {
        ...body,
        key,
        name,
        secret: vault.seal(webhookPlace(project, name), secret),
        project,
      })
      return toAnswer(200, { ...answer, secret: answer.replayed ? null : secret })
    }),
    forward(replayWebhook, webhookReplay, ({ project, params: { name }, idempotencyKey: key, body }) => ({
      ...body,
      key,
      name,
      project,
    })),
    serve(testWebhook, async ({ project, params: { name }, call }) => {
      // Asks with the caller's scopes first: the target, which holds the secrets, is read without them.
      await find(call, project, name)
      const { url, secrets } = await findTarget({ name, project })
      const timestamp = clock.now()
      const at = toTimestamp(timestamp)
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
        headers: signatureHeaders(signed, openSecrets(vault, { project, name, secrets })),
        guard,
        timeoutMs: testTimeoutMs,
      })
      const milliseconds = Math.round(clock.monotonic() - startedAt)
      return { status: 200, body: { delivered, status, error, milliseconds } }
    }),
  ]
}

async function find(call: RouteContext['call'], project: string, name: string) {
  const { webhooks } = await call(webhookList, { project })
  const found = webhooks.find((webhook) => webhook.name === name)
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
