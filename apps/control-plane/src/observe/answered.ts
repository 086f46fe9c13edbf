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
  /** It lasted as long as somebody listened. */
  readonly isStream: boolean
}

export type AnswerObserver = (answered: Answered) => void

/**
 * Tells of every answer from now on; call it before routes are registered. One hook for all observers, because Fastify
 * gathers what it knows of a route anew each time it is asked.
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
