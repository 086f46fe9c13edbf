import { z } from 'zod/mini'
import { authSection } from './sections/auth.ts'
import { backgroundSection } from './sections/background.ts'
import { dataDirSection } from './sections/data-dir.ts'
import { databaseSection } from './sections/database.ts'
import { httpSection } from './sections/http.ts'
import { jwtSection } from './sections/jwt.ts'
import { limitsSection } from './sections/limits.ts'
import { llmSection } from './sections/llm.ts'
import { logSection } from './sections/log.ts'
import { metricsSection } from './sections/metrics.ts'
import { overloadSection } from './sections/overload.ts'
import { ownerKeySection } from './sections/owner-key.ts'
import { priceSection } from './sections/price.ts'
import { restSection } from './sections/rest.ts'
import { routerSection } from './sections/router.ts'
import { secretsKeySection } from './sections/secrets-key.ts'
import { shutdownSection } from './sections/shutdown.ts'
import { storageSection } from './sections/storage.ts'
import { tracingSection } from './sections/tracing.ts'
import { webhookSection } from './sections/webhook.ts'

/**
 * The one description of the configuration: shape, defaults, limits, variables and texts. The JSON file has this shape.
 */
export const configSchema = z.strictObject({
  http: httpSection,
  rest: restSection,
  metrics: metricsSection,
  tracing: tracingSection,
  dataDir: dataDirSection,
  database: databaseSection,
  limits: limitsSection,
  overload: overloadSection,
  background: backgroundSection,
  ownerKey: ownerKeySection,
  jwt: jwtSection,
  auth: authSection,
  log: logSection,
  llm: llmSection,
  price: priceSection,
  router: routerSection,
  secretsKey: secretsKeySection,
  shutdown: shutdownSection,
  storage: storageSection,
  webhook: webhookSection,
})
