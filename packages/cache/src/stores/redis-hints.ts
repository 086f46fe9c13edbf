import { type CallOptions, raceSignal, startDeadline } from '@core/foundation'

/** A connection of `redis` (node-redis), or of `ioredis`, that does nothing but subscribe. Both subscribe again after a loss. */
export type RedisSubscriberLike =
  | {
      subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
      unsubscribe(channel: string, listener: (message: string) => void): Promise<unknown>
      readonly isOpen: boolean
    }
  | {
      subscribe(channel: string): Promise<unknown>
      on(event: 'message', listener: (channel: string, message: string) => void): unknown
      off(event: 'message', listener: (channel: string, message: string) => void): unknown
      readonly status: string
    }

const limitMs = 2_000

/**
 * Subscribes one listener, which the answer takes off again.
 * @throws what the client does, CoreError E_TIMEOUT where it does not answer.
 */
export async function hearChannel(
  subscriber: RedisSubscriberLike,
  channel: string,
  hear: (message: string) => void,
  options: CallOptions,
): Promise<AsyncDisposable> {
  using deadline = startDeadline('cache subscribe', options, limitMs)
  const { subscribed, leave } = 'isOpen' in subscriber ? nodeRedis(subscriber) : ioredis(subscriber)
  try {
    await raceSignal(subscribed, deadline.signal)
  } catch (error) {
    leave().catch(() => undefined) // the connection is what failed
    throw error
  }
  return { [Symbol.asyncDispose]: leave }

  function nodeRedis(connection: Extract<RedisSubscriberLike, { isOpen: boolean }>) {
    return {
      subscribed: connection.subscribe(channel, hear),
      async leave() {
        if (connection.isOpen) await connection.unsubscribe(channel, hear)
      },
    }
  }

  /** Its subscription stays: other caches of the process may hear it, and it ends with the connection. */
  function ioredis(connection: Extract<RedisSubscriberLike, { status: string }>) {
    const listener = (from: string, message: string) => {
      if (from === channel) hear(message)
    }
    connection.on('message', listener)
    return {
      subscribed: connection.subscribe(channel),
      async leave() {
        connection.off('message', listener)
      },
    }
  }
}
