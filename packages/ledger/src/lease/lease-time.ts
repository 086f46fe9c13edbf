import type { Clock } from '@core/foundation'
import type { BootTime } from './boot-time.ts'
import type { TimeAnchor } from './journal-note.ts'

/** The clocks of this machine at one moment. */
export interface ClockReading {
  wallMs: number
  monotonicMs: number
  uptimeMs: number
}

export interface LeaseTimeOptions {
  clock: Clock
  bootTime: BootTime
  /** Spending stops this long before the lease ends by the database's clock. */
  marginMs: number
  /** The end of the lease by the database's clock. */
  expiresAt: number
}

export function readClocks({ clock, bootTime }: Pick<LeaseTimeOptions, 'clock' | 'bootTime'>): ClockReading {
  return { wallMs: clock.now(), monotonicMs: clock.monotonic(), uptimeMs: bootTime.uptimeMs() }
}

/**
 * Wall clock and machine may differ by this much before it counts as a jump: uptimes come in whole seconds on some
 * systems.
 */
const JUMP_MS = 3_000

/**
 * How long a lease may still be spent. The database's time is measured from an anchor (the time in its answer, and the
 * clocks of this machine when the call was sent, hence too early rather than too late) by three clocks at once: the
 * monotonic one, which cannot be set, the wall clock and the uptime, which continue while the machine sleeps. The one
 * that is furthest ahead decides, so setting the wall clock back gains nothing, and setting it ahead ends the lease
 * until the database has been asked.
 */
export class LeaseTime {
  readonly #options: LeaseTimeOptions
  #anchoredAt: ClockReading
  #current: TimeAnchor | undefined
  #leftMs = 0
  #stopWall = 0
  #stopMonotonic = 0
  #jumpMs = 0

  constructor(options: LeaseTimeOptions) {
    this.#options = options
    this.#anchoredAt = this.read()
    this.#begin(0)
  }

  read(): ClockReading {
    return readClocks(this.#options)
  }

  /** The anchor in use; for the journal. */
  get current(): TimeAnchor | undefined {
    return this.#current
  }

  /** The database said it was `serverAt` in its answer to a call sent at `sentAt`. */
  anchor(serverAt: number, sentAt: ClockReading): TimeAnchor {
    this.#anchoredAt = sentAt
    this.#begin(this.#options.expiresAt - serverAt - this.#options.marginMs)
    const { boot } = this.#options.bootTime
    this.#current = { serverAt, wallMs: sentAt.wallMs, uptimeMs: sentAt.uptimeMs, boot }
    return this.#current
  }

  /**
   * Takes over an anchor of an earlier process. False when its clocks cannot be trusted to have continued since: the
   * machine was restarted and its wall clock is behind what the journal has seen. Then nothing is left until `anchor`.
   */
  resume(anchor: TimeAnchor, lastSeenWallMs: number): boolean {
    this.#current = anchor
    const now = this.read()
    const { boot } = this.#options.bootTime
    const isSameBoot = boot !== '' && anchor.boot === boot
    if (!isSameBoot && now.wallMs < lastSeenWallMs) return false
    const elapsedMs = Math.max(now.wallMs - anchor.wallMs, isSameBoot ? now.uptimeMs - anchor.uptimeMs : 0)
    this.#anchoredAt = now
    this.#begin(this.#options.expiresAt - anchor.serverAt - this.#options.marginMs - elapsedMs)
    return true
  }

  /**
   * Whether spending has to stop. Called before every spend, so it reads only the two clocks that are cheap to read.
   */
  isUp(nowMs: number): boolean {
    return nowMs >= this.#stopWall || this.#options.clock.monotonic() >= this.#stopMonotonic
  }

  /** Milliseconds left by the clock that is furthest ahead; reads the uptime too. Never negative. */
  check(): number {
    const now = this.read()
    const wallMs = now.wallMs - this.#anchoredAt.wallMs
    const uptimeMs = now.uptimeMs - this.#anchoredAt.uptimeMs
    const monotonicMs = now.monotonicMs - this.#anchoredAt.monotonicMs
    const machineMs = Math.max(uptimeMs, monotonicMs)
    this.#jumpMs = Math.abs(wallMs - machineMs) > JUMP_MS ? wallMs - machineMs : 0
    const leftMs = this.#leftMs - Math.max(wallMs, machineMs)
    // A sleep that the monotonic clock did not count stays counted.
    if (leftMs <= 0 && uptimeMs >= this.#leftMs) this.#stopMonotonic = now.monotonicMs
    return Math.max(0, leftMs)
  }

  /** By how much the wall clock was set ahead (or back, negative) since the anchor, as of the last `check`. */
  get jumpMs(): number {
    return this.#jumpMs
  }

  #begin(leftMs: number): void {
    this.#leftMs = leftMs
    this.#stopWall = this.#anchoredAt.wallMs + leftMs
    this.#stopMonotonic = this.#anchoredAt.monotonicMs + leftMs
    this.#jumpMs = 0
  }
}
