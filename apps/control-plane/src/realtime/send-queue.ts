import type { Topic } from '@core/api'
import type { OutboxEvent } from './outbox-event.ts'

export interface SendQueueOptions {
  readonly send: (event: OutboxEvent) => void
  /** Whether so much waits on the line already that nothing more should be put there. */
  readonly isFull: () => boolean
  /** States that may wait at once. */
  readonly maxWaiting: number
}

/** What leaves for one client: at once, or, of states, the newest of each as soon as the client reads again. */
export interface SendQueue {
  /** `refused` where the event can neither be sent nor wait: the client must come back for it. */
  offer(event: OutboxEvent): 'sent' | 'waiting' | 'refused'
  /** Sends what waits, as far as there is room. True when something still waits. */
  flush(): boolean
  /** Forgets what waits, of one topic or of all. */
  clear(topic?: Topic): void
}

export function createSendQueue({ send, isFull, maxWaiting }: SendQueueOptions): SendQueue {
  const waiting = new Map<string, OutboxEvent>()

  return {
    offer(event) {
      const { topic, stateKey } = event
      // A state behind one that waits must wait, too: seq only grows within a topic.
      if (!isFull() && (stateKey === null || waiting.size === 0)) {
        send(event)
        return 'sent'
      }
      if (stateKey === null) return 'refused'
      const key = `${topic} ${stateKey}`
      waiting.delete(key) // the newest goes to the end
      if (waiting.size >= maxWaiting) return 'refused'
      waiting.set(key, event)
      return 'waiting'
    },
    flush() {
      for (const [key, event] of waiting) {
        if (isFull()) return true
        waiting.delete(key)
        send(event)
      }
      return false
    },
    clear(topic) {
      for (const [key, event] of waiting) if (topic === undefined || event.topic === topic) waiting.delete(key)
    },
  }
}
