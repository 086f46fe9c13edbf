/** What one server allows. Tests may lower them; clients can rely on them. */
export const realtimeLimits = {
  /** Bytes of one frame of a client; beyond it the connection closes with 1009. */
  maxFrameBytes: 16 * 1024,
  /** Subscriptions of one connection. */
  maxSubscriptions: 32,
  /** Connections of one credential at one server, event streams included. */
  maxConnectionsPerCredential: 2_500,
  /** Connections of one server. */
  maxConnections: 10_000,
  /** Connections that have not said who they are. */
  maxUnauthenticated: 1_000,
  /** Frames of a client in ten seconds. */
  maxFramesPer10s: 200,
  /** Bytes waiting for a client before states are thinned out. */
  maxBufferedBytes: 256 * 1024,
  /** States waiting for a client that reads too slowly, before it is sent away. */
  maxWaitingStates: 2_000,
  /** Milliseconds in which a connection without a header must authenticate. */
  authenticateWithinMs: 5_000,
  /** Milliseconds between pings of the server; a client silent for two of them is gone. */
  pingEveryMs: 20_000,
} as const

export type RealtimeLimits = { readonly [Name in keyof typeof realtimeLimits]: number }
