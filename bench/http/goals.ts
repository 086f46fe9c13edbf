import type { Goal } from '../row.ts'

/** What the control plane promises of its speed, its weight and its limits. */
export const goals = {
  /** CPU per request of the whole pipeline, divided by that of bare Fastify. */
  pipeline: { atMost: 1.8 },
  /** Bare Fastify against bare Fastify, the larger by the smaller: the noise of the figure above. */
  control: { atMost: 1.05 },
  /** Microseconds of a known key, its scope and its limit together. */
  gateMicros: { atMost: 10 },
  /** 95th percentile of mixed calls on an embedded database, ms. */
  mixedP95: { atMost: 50 },
  none: { atMost: 0 },
  /** Kilobytes of the server per socket: heap and buffers, and resident set. */
  socketKilobytes: { atMost: 40 },
  /** Seconds until a crowd that lost its connections hears again. */
  stormSeconds: { atMost: 5 },
  /** The median of others beside eight clients with the worst body allowed, against the same without them. */
  worstBodies: { atMost: 3 },
  worstAnswerKilobytes: { atMost: 16 },
  /** The most that passed in any window, divided by the limit. */
  limiter: { atMost: 1 },
} as const satisfies Record<string, Goal>
