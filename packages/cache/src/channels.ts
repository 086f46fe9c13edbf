import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel'

/** The message on `core:cache:answer` for each answer. */
export interface CacheAnswer {
  readonly namespace: string
  readonly key: string
  /** `load`: it waited for the shared tier or for a load. */
  readonly from: 'memory' | 'stale' | 'load'
}

/** The message on the tracing channel `core:cache:load` for each load. */
export interface CacheLoad {
  readonly namespace: string
  readonly key: string
}

/**
 * node:diagnostics_channel names: `core:cache:answer`, and `tracing:core:cache:load:start|end|asyncStart|asyncEnd|error`.
 * Without a subscriber they cost a property read.
 */
export interface Channels {
  readonly answer: Channel
  readonly load: TracingChannel<unknown, CacheLoad>
}

export function openChannels(): Channels {
  return {
    answer: channel('core:cache:answer'),
    load: tracingChannel<unknown, CacheLoad>('core:cache:load'),
  }
}
