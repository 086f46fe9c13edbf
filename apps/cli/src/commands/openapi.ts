import { contentPaths, gatewayRoutes, routes, toOpenApi } from '@core/api'
import manifest from '../../package.json' with { type: 'json' }
import type { Verbs } from '../verbs.ts'

export function addOpenApi({ program, session }: Verbs): void {
  program
    .command('openapi')
    .description('the OpenAPI 3.1 document of this version; no control plane is needed')
    .action(() => {
      session().output.text(
        JSON.stringify(
          toOpenApi(routes, { version: manifest.version, gateway: gatewayRoutes, paths: contentPaths }),
          null,
          2,
        ),
      )
    })
}
