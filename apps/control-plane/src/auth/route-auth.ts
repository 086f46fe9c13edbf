import { isCapability, type RouteContract } from '@core/api'
import { CoreError } from '@core/foundation'
import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. Every route says so, or the server does not start. */
    readonly auth?: RouteContract['auth']
  }
}

/** Refuses every route, from whatever plugin, that does not say who may call it, or says so and has nothing to check it. */
export function requireDeclaredAuth(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url, config, onRequest }) => {
    const auth = config?.auth
    const name = `${[method].flat().join(', ')} ${url}`
    if (auth !== 'public' && auth !== 'authenticated' && !isCapability(String(auth)))
      throw new CoreError('E_INTERNAL', `the route ${name} does not declare auth`)
    if (auth !== 'public' && onRequest === undefined)
      throw new CoreError('E_INTERNAL', `the route ${name} declares auth and does not check it`)
  })
}
