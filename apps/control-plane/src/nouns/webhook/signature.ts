import { createHmac, randomBytes } from 'node:crypto'

const prefix = 'whsec_'

/** A new secret as Standard Webhooks writes it: `whsec_` and 32 random bytes in base64. */
export function generateWebhookSecret(): string {
  return `${prefix}${randomBytes(32).toString('base64')}`
}

export interface SignedContent {
  /** The same for every attempt to deliver one event. */
  readonly id: string
  /** Of this attempt, in seconds since 1970. */
  readonly timestamp: number
  readonly body: string
}

/**
 * The headers of a delivery: HMAC-SHA256 over id, timestamp and body, one signature for each secret.
 * Source: https://www.standardwebhooks.com, version 1 ("v1", symmetric).
 */
export function signatureHeaders({ id, timestamp, body }: SignedContent, secrets: readonly string[]) {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(prefix.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  }
}
