import { type Coordinator, createCoordinator, type Messages } from '@core/coordinator'
import type { CallOptions } from '@core/foundation'
import type { Breaker } from '../breaker.ts'
import type { Context } from './context.ts'
import type { Outbox } from './open-outbox.ts'

/** The coordinator of @core/coordinator; with the option `outbox`, messages with a key wait on disk. */
export interface CoreCoordinator extends Omit<Coordinator, 'messages'> {
  readonly messages: Omit<Messages, 'send'> & Pick<Outbox, 'send'>
}

export interface CoordinatorContext extends Context {
  readonly breaker: Breaker
  readonly outboxFile: string | undefined
}

export interface OpenedCoordinator {
  readonly coordinator: CoreCoordinator
  /** Messages on disk. */
  readonly waiting: number
  flush(options: CallOptions): Promise<void>
  close(): Promise<void>
}

export async function openCoordinator({
  breaker,
  outboxFile,
  ...context
}: CoordinatorContext): Promise<OpenedCoordinator> {
  const coordinator = createCoordinator(context)
  let outbox: Outbox | undefined
  if (outboxFile !== undefined) {
    const { openOutbox } = await import('./open-outbox.ts')
    outbox = await openOutbox({ ...context, messages: coordinator.messages, breaker, file: outboxFile })
  }
  return {
    coordinator: outbox ? { ...coordinator, messages: { ...coordinator.messages, send: outbox.send } } : coordinator,
    get waiting() {
      return outbox?.pending ?? 0
    },
    flush: async (options) => outbox?.flush(options),
    close: async () => outbox?.close(),
  }
}
