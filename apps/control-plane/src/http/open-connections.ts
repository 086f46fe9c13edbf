import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Clock, systemClock } from '@core/foundation'
import { addressKey } from '../limits/address-key.ts'

export interface OpenConnectionsOptions {
  /** Open at once. */
  readonly maxConnections: number
  /** What is written to a client must be taken by it within this time. Default 60 s. */
  readonly writeDeadlineMs?: number
  readonly clock?: Pick<Clock, 'monotonic'>
}

export interface OpenConnections {
  /** Calls back once every complete request of the connection is answered; false where none waits for its answer. */
  afterAnswers(socket: Duplex, then: () => void): boolean
}

interface Entry {
  readonly socket: Socket
  readonly address: string
  readonly inFlight: Set<IncomingMessage>
  /** Grows with each answer: the connection with the least has been idle longest. */
  idleSince: number
  isUpgraded: boolean
  /** How many bytes the client must have taken by `dueAt`. */
  target: number
  dueAt: number
  afterAnswers: (() => void) | undefined
}

const sweepEveryMs = 1000
/** Connections that may be open for a moment beyond the limit while idle ones are being closed. */
const reserve = 64

/**
 * Knows every connection of a server. Where there are too many, the address with the most loses the one that has been
 * idle longest, so that one client's idle connections shut no other client out; where none is idle, the new one is closed.
 * A client that does not read is cut off at the deadline, whatever was written to it: an answer, a stream or a frame.
 */
export function watchConnections(server: Server, options: OpenConnectionsOptions): OpenConnections {
  const { maxConnections, writeDeadlineMs = 60_000, clock = systemClock } = options
  let answers = 0
  const open = new Map<Duplex, Entry>()
  const perAddress = new Map<string, number>()
  server.maxConnections = maxConnections + reserve

  server.on('connection', (socket: Socket) => {
    const address = addressKey(socket.remoteAddress ?? '')
    if (open.size >= maxConnections && !dropIdle()) {
      socket.destroy()
      return
    }
    open.set(socket, {
      socket,
      address,
      inFlight: new Set(),
      idleSince: answers,
      isUpgraded: false,
      target: 0,
      dueAt: Number.POSITIVE_INFINITY,
      afterAnswers: undefined,
    })
    perAddress.set(address, (perAddress.get(address) ?? 0) + 1)
    socket.once('close', () => forget(socket))
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const entry = open.get(request.socket)
    if (entry === undefined) return
    entry.inFlight.add(request)
    response.on('close', answered) // comes once
  })
  /** One function for all responses: a request pays for no closure. */
  function answered(this: ServerResponse): void {
    const entry = open.get(this.req.socket)
    if (entry === undefined) return
    entry.inFlight.delete(this.req)
    entry.idleSince = ++answers
    if (entry.afterAnswers !== undefined && !awaitsAnswer(entry)) entry.afterAnswers()
  }
  server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
    const entry = open.get(socket)
    if (entry !== undefined) entry.isUpgraded = true
  })
  const sweeper = setInterval(sweep, sweepEveryMs)
  sweeper.unref()
  server.once('close', () => clearInterval(sweeper))

  function forget(socket: Socket): void {
    const entry = open.get(socket)
    if (entry === undefined || !open.delete(socket)) return
    const left = (perAddress.get(entry.address) ?? 1) - 1
    if (left === 0) perAddress.delete(entry.address)
    else perAddress.set(entry.address, left)
  }

  function dropIdle(): boolean {
    const [fullest] = [...perAddress].reduce((most, each) => (each[1] > most[1] ? each : most), ['', 0])
    let longest: Entry | undefined
    for (const entry of open.values()) {
      if (entry.address !== fullest || entry.isUpgraded || entry.inFlight.size > 0) continue
      if (longest === undefined || entry.idleSince < longest.idleSince) longest = entry
    }
    if (longest === undefined) return false
    forget(longest.socket)
    longest.socket.destroy()
    return true
  }

  function sweep(): void {
    const now = clock.monotonic()
    for (const entry of open.values()) {
      const { socket, target, dueAt } = entry
      if (socket.writableLength === 0) entry.dueAt = Number.POSITIVE_INFINITY
      else if (dueAt === Number.POSITIVE_INFINITY || socket.bytesWritten - socket.writableLength >= target) {
        entry.target = socket.bytesWritten
        entry.dueAt = now + writeDeadlineMs
      } else if (now >= dueAt) socket.destroy()
    }
  }

  return {
    afterAnswers(socket, then) {
      const entry = open.get(socket)
      if (entry === undefined || !awaitsAnswer(entry)) return false
      entry.afterAnswers = then
      return true
    },
  }
}

/** Whether a complete request of the connection is not answered yet. */
function awaitsAnswer({ inFlight }: Entry): boolean {
  for (const { complete } of inFlight) if (complete) return true
  return false
}
