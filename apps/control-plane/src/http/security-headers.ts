import { hash } from 'node:crypto'
import { docsScript, docsStyle } from '@core/api'
import type { FastifyInstance, FastifyReply } from 'fastify'

/** On every answer. */
export const fixedHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000', // browsers heed it over TLS only
  'cache-control': 'no-store',
  // JSON is not a document: nothing in it may load, run or be framed.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

/** The docs pages have one style sheet and one script, each known by its hash, and nothing else. */
export const htmlPolicy = `default-src 'none'; style-src ${sourceOf(docsStyle)}; script-src ${sourceOf(docsScript)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

function sourceOf(text: string): string {
  return `'sha256-${hash('sha256', text, 'base64')}'`
}

/** Fixed headers on every answer, and the id by which the log knows the request. */
export function installSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    setSecurityHeaders(reply, request.id)
    done()
  })
}

export function setSecurityHeaders(reply: FastifyReply, requestId: string): FastifyReply {
  return reply.headers(fixedHeaders).header('x-request-id', requestId)
}
