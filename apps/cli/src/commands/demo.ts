import type { Client } from '@core/api/client'
import { CoreError, isCoreError } from '@core/foundation'
import { actsEverywhere } from '../acts-everywhere.ts'
import { runDemo } from '../demo/demo.ts'
import { createLiveTable } from '../demo/live-table.ts'
import { demoLine, demoResultText, demoTable } from '../demo/view.ts'
import { exitCodes } from '../exit-code.ts'
import { wholeNumber } from '../number-option.ts'
import type { Target } from '../target.ts'
import type { Verbs } from '../verbs.ts'

interface DemoOptions {
  workers: string
  seconds: string
  credits: string
}

export function addDemo({ program, session, exit }: Verbs): void {
  program
    .command('demo')
    .description(
      'workers of two projects compete for one pool, some crash; then the proof that nothing was lost (owner)',
    )
    .option('--workers <count>', 'at once, 2 to 2000', '200')
    .option('--seconds <seconds>', 'how long they work, 1 to 600', '15')
    .option('--credits <amount>', 'that the pool gets in all, an equal part each second', '20')
    .action(async (options: DemoOptions) => {
      const current = session()
      const { client, target } = await current.connectAsOwner()
      await requireOwner(client, target)
      const live = createLiveTable(current.output, () => performance.now())
      const result = await runDemo({
        client,
        url: target.url,
        run: `run-${Date.now().toString(36)}`,
        workers: between('--workers', options.workers, 2, 2000),
        seconds: between('--seconds', options.seconds, 1, 600),
        credits: current.amount(options.credits),
        signal: current.io.signal,
        onProgress: (progress) => live.show(demoTable(progress, current), demoLine(progress, current)),
        onPhase: current.output.info,
      })
      current.output.data(result, (value) => demoResultText(value, current))
      if (result.faults.length > 0) exit(exitCodes.failure)
    })
}

async function requireOwner(client: Client, target: Target): Promise<void> {
  try {
    if (actsEverywhere(await client.getMe())) return
  } catch (error) {
    if (!isCoreError(error, 'E_DATABASE_UNAVAILABLE')) throw error
    throw new CoreError('E_DATABASE_UNAVAILABLE', `no control plane answers at ${target.url}`, {
      cause: error,
      fix: 'Start one in another terminal: npm start. Then run the demo again, or name another one with --url.',
    })
  }
  throw new CoreError('E_FORBIDDEN', 'the demo opens a pool, and only the owner’s key may', {
    fix: 'Set CORE_OWNER_KEY to the key that the first start printed.',
  })
}

function between(option: string, text: string, least: number, most: number): number {
  const value = wholeNumber(option, text)
  if (value >= least && value <= most) return value
  throw new CoreError('E_INVALID', `${option} must be ${least} to ${most}, not ${text}`)
}
