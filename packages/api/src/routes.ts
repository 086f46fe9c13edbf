import * as audit from './audit/routes.ts'
import * as cache from './cache/routes.ts'
import * as claim from './claim/routes.ts'
import * as embedding from './embedding/routes.ts'
import * as error from './error/routes.ts'
import * as event from './event/routes.ts'
import * as file from './file/routes.ts'
import * as flag from './flag/routes.ts'
import * as health from './health/routes.ts'
import * as insight from './insight/routes.ts'
import * as key from './key/routes.ts'
import * as ledger from './ledger/routes.ts'
import * as lock from './lock/routes.ts'
import * as login from './login/routes.ts'
import * as manifest from './manifest/routes.ts'
import * as member from './member/routes.ts'
import * as message from './message/routes.ts'
import * as price from './price/routes.ts'
import * as project from './project/routes.ts'
import * as router from './router/routes.ts'
import * as secret from './secret/routes.ts'
import * as session from './session/routes.ts'
import * as share from './share/routes.ts'
import * as system from './system/routes.ts'
import * as task from './task/routes.ts'
import * as webhook from './webhook/routes.ts'

/**
 * Every route there is, in the order of the docs, the product first: a line for each noun. A route that is not here does
 * not exist. Not in nouns.ts: routes are built from the problems and scopes that it sums, and the two would import each
 * other.
 */
export const routes = [
  ...ledger.routes,
  ...manifest.routes,
  ...health.routes,
  ...session.routes,
  ...task.routes,
  ...message.routes,
  ...claim.routes,
  ...lock.routes,
  ...insight.routes,
  ...price.routes,
  ...router.routes,
  ...event.routes,
  ...webhook.routes,
  ...secret.routes,
  ...file.routes,
  ...flag.routes,
  ...key.routes,
  ...project.routes,
  ...member.routes,
  ...login.routes,
  ...cache.routes,
  ...embedding.routes,
  ...share.routes,
  ...audit.routes,
  ...error.routes,
  ...system.routes,
] as const

export type Routes = typeof routes
