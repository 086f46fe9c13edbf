import { isScope, type RouteContract } from '@core/api'
import { CoreError } from '@core/foundation'
import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. A server with a route that does not declare it does not start. */
    readonly auth?: RouteContract['auth']
  }
}

/** Refuses every route, of any plugin, that does not declare who may call it, or declares it without a check. */
export function requireDeclaredAuth(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url, config, onRequest }) => {
    const auth = config?.auth
    const name = `${[method].flat().join(', ')} ${url}`
    if (auth !== 'public' && auth !== 'authenticated' && !isScope(String(auth)))
      throw new CoreError('E_INTERNAL', `the route ${name} does not declare auth`)
    if (auth !== 'public' && onRequest === undefined)
      throw new CoreError('E_INTERNAL', `the route ${name} declares auth and does not check it`)
  })
}
