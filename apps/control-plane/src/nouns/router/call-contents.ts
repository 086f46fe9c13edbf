import { callable, routerContentsPut } from '@core/api/functions'
import type { Database } from '@core/database'
import { type Logger, toTimestamp } from '@core/foundation'
import type { CallContent } from '@core/router'
import { z } from 'zod'
import type { Vault } from '../../vault/vault.ts'
import { createRowLog, type RowLog } from './row-log.ts'

const keptShape = z.object({ request: z.string(), answer: z.string(), isCut: z.boolean() })

export interface CallContents extends RowLog<CallContent> {
  /** @throws CoreError E_CONFLICT where this process has no key to seal with: nothing would be kept. */
  requireKey(): void
  /** @throws CoreError E_CONFLICT where this process has no key that opens it. */
  open(of: Pick<CallContent, 'project' | 'call'>, sealed: string): Pick<CallContent, 'request' | 'answer' | 'isCut'>
}

/** What calls asked and answered, sealed before it leaves this process. Each may have 200 KB, so few wait. */
export function createCallContents(
  database: Pick<Database, 'rpc'>,
  vault: Pick<Vault, 'seal' | 'open'>,
  logger: Logger,
): CallContents {
  const put = callable(database, routerContentsPut)
  const placeOf = ({ project, call }: Pick<CallContent, 'project' | 'call'>) => [project, 'model content', call]
  const log = createRowLog<CallContent>({
    what: 'contents of model calls',
    batchRows: 20,
    mostWaiting: 200,
    logger,
    async write(batch, options) {
      const contents = batch.map(({ project, call, at, ...content }) => ({
        project,
        call,
        at: toTimestamp(at.getTime()),
        sealed: vault.seal(placeOf({ project, call }), JSON.stringify(content)),
      }))
      await put({ contents }, options)
    },
  })
  return Object.assign(log, {
    requireKey: () => void vault.seal([], ''),
    open: (of: Pick<CallContent, 'project' | 'call'>, sealed: string) =>
      keptShape.parse(JSON.parse(vault.open(placeOf(of), sealed).reveal())),
  })
}
