import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isCoreError, type Logger } from '@core/foundation'
import { openSettleSpool as openSpool, type SettleSpool as Spool } from '@core/ledger/spool'
import type { Unsettled } from '@core/router'
import { z } from 'zod'
import type { CallerLedgers } from './caller-ledgers.ts'

export interface SettleSpool extends AsyncDisposable {
  /** Resolves when it is on disk, or logged where the disk fails: the hold lapses, and is recovered at its floor. */
  keep(unsettled: Unsettled): Promise<void>
  readonly pending: number
}

const ownerShape = z.object({ project: z.string(), subject: z.string() })

/** What the database did not answer of model calls, in a file that is made when it is needed. */
export function openSettleSpool(
  file: string,
  { ledgers, logger }: { readonly ledgers: CallerLedgers; readonly logger: Logger },
): SettleSpool {
  let opened: Spool | undefined

  async function open(): Promise<Spool> {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    opened = await openSpool({
      file,
      logger,
      ledger(owner) {
        const { project, subject } = ownerShape.parse(owner)
        return ledgers.of({ subject }, project)
      },
    })
    return opened
  }

  // What an earlier process kept is sent at once.
  let opening: Promise<Spool> | undefined = existsSync(file) ? open() : undefined
  opening?.catch((error: unknown) => {
    logger.error({ component: 'router', err: error }, 'kept settles of model calls cannot be read')
  })

  return {
    async keep({ project, subject, ...what }) {
      const owner = { project, subject }
      try {
        opening ??= open()
        const kept = await opening
        await ('settle' in what ? kept.keep(what, owner) : kept.giveBack(what.giveBack, owner))
      } catch (error) {
        // The disk may have room again at the next one.
        if (opened === undefined) opening = undefined
        const facts = 'settle' in what ? { hold: what.settle.hold, amount: what.settle.amount } : what.giveBack
        logger.error(
          { component: 'router', ...facts, code: isCoreError(error) ? error.code : undefined },
          'a settle, or a hold to give back, is neither answered nor kept',
        )
      }
    },
    get pending() {
      return opened?.pending ?? 0
    },
    async [Symbol.asyncDispose]() {
      const spool = await opening?.catch(() => undefined)
      await spool?.close()
    },
  }
}
