import type { FastifyInstance, FastifyRequest } from 'fastify'
import { toContractPattern } from '../http/route-pattern.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its answers last as long as the client listens: how long says nothing about the server. */
    readonly streams?: boolean
  }
}

/** A request whose answer is out. */
export interface Answered {
  readonly request: FastifyRequest
  readonly method: string
  /** The pattern, as the contract writes it; undefined for an address that leads nowhere. */
  readonly route: string | undefined
  readonly status: number
  /** From the head of the request to the end of its answer. */
  readonly ms: number
  /** It lasted as long as the client listened. */
  readonly isStream: boolean
}

export type AnswerObserver = (answered: Answered) => void

/**
 * Passes every answer to the observers; call it before routes are registered. One hook for all of them, because
 * Fastify builds `routeOptions` on each access.
 */
export function observeAnswers(app: FastifyInstance, observers: readonly AnswerObserver[]): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request
    const { url, config } = routeOptions
    const route = url === undefined ? undefined : toContractPattern(url)
    const isStream = config.streams === true
    const answered = { request, method, route, status: reply.statusCode, ms: reply.elapsedTime, isStream }
    for (const observe of observers) observe(answered)
    done()
  })
}
