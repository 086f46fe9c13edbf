import type { Config } from '@core/config'
import { createLogger } from '../observe/log.ts'
import { startControlPlane } from './compose.ts'
import type { ControlPlane } from './control-plane.ts'
import { closeOnSignal } from './shutdown.ts'
import { renderStartMessage } from './start-message.ts'

/** What closing may take beyond the grace of its requests: the database's own. */
const closingMs = 1000
/**
 * How long new connections are still accepted after SIGTERM, while readiness already answers no: two seconds from the
 * moment that a load balancer can have read that answer from a busy process.
 */
const acceptMs = 2500

export interface RunOptions {
  /** Called once, when it listens and before that is printed. */
  readonly onStarted?: (running: ControlPlane) => Promise<void>
}

/**
 * Runs a control plane until a signal ends it: progress and log on standard error, keys and addresses on standard
 * output. The process can then exit; what holds it open after that is cut off.
 */
export async function runControlPlane(config: Config, { onStarted }: RunOptions = {}): Promise<void> {
  const logger = createLogger(config.log.level)
  for (const note of config.notes) process.stderr.write(`core: ${note}\n`)
  for (const warning of config.warnings) logger.warn({ component: 'config' }, warning)
  const starting = startControlPlane({
    config,
    logger,
    onProgress: (line) => process.stderr.write(`core: ${line}\n`),
  })
  // From here on, not only from the moment it listens: a signal during the migrations closes what they leave.
  const closed = closeOnSignal({
    // A load balancer sends requests until it has seen the readiness change; a person at a terminal need not wait.
    close: async (signal) => (await starting).close({ acceptMs: signal === 'SIGTERM' ? acceptMs : 0 }),
    limitMs: config.shutdown.graceMs + closingMs,
    logger,
  })
  closed.catch(() => undefined) // a start that fails after a signal is reported below, once
  const running = await starting
  await onStarted?.(running)
  await print(renderStartMessage(running))
  await running.firstStart.confirmShown()
  await closed
}

/** Resolves when the text has left the process. @throws Error where it cannot be written, for example EPIPE or ENOSPC. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => process.stdout.write(text, (error) => (error ? reject(error) : resolve())))
}
