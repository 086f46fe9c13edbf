import { createClient } from '@core/api/client'
import { loadConfig } from '@core/config'
import { createTestDatabase, findPgBouncer, startPooler } from '@core/database/testing'
import { type Logger, silentLogger } from '@core/foundation'
import { expect, test } from 'vitest'
import { startControlPlane } from '../src/process/compose.ts'
import { exampleInstallation, installProjects } from '../src/process/first-start.ts'

const ownerKey = 'owner-key-of-a-pooled-control-plane'

/** PgBouncer in transaction mode accepts LISTEN and delivers nothing. */
test('behind a pooler a key revoked elsewhere is refused within seconds, and the log says why not at once', async ({
  skip,
}) => {
  const command = findPgBouncer()
  if (command === undefined) return skip('there is no pgbouncer on this machine')
  await using stack = new AsyncDisposableStack()
  const shared = await createTestDatabase()
  stack.defer(() => shared.drop())
  await installProjects(shared.database, exampleInstallation)
  const pooler = stack.use(await startPooler(command, shared.url))
  const warnings: string[] = []
  const logger: Logger = {
    ...silentLogger,
    child: () => logger,
    warn: (_: unknown, message = '') => void warnings.push(message),
  }
  const start = (url: string, log: Logger) =>
    startControlPlane({
      config: loadConfig({
        env: {},
        overrides: { http: { port: 0 }, database: { url, poolSize: 4 }, ownerKey, shutdown: { graceMs: 2000 } },
      }),
      logger: log,
    })
  const direct = stack.use(await start(shared.url, silentLogger))
  const pooled = stack.use(await start(pooler.url, logger))

  const owner = createClient({ url: direct.url, key: ownerKey })
  const made = await owner.createApiKey({ params: { project: 'smart_layer' }, body: { name: 'pooled' } })
  const elsewhere = createClient({ url: pooled.url, key: made.secret ?? '' })
  await expect.poll(() => warnings.join(), { timeout: 30_000 }).toContain('pooler in transaction mode')
  expect(await elsewhere.getMe()).toMatchObject({ project: 'smart_layer' })
  await owner.revokeApiKey({ params: { project: 'smart_layer', id: made.id } })
  await expect
    .poll(() => elsewhere.getMe().catch((error: unknown) => error), { timeout: 30_000 })
    .toMatchObject({ code: 'E_UNAUTHENTICATED', details: { reason: 'key_disabled' } })
})
