import { type Clock, systemClock } from '@core/foundation'

/** Answers whether an entry's time is still to come. */
export interface EntryClock {
  isBefore(untilMs: number): boolean
}

/** A time that was read is used for so long, */
const keepMs = 1
/** for so many answers, because a loop of hits lets no timer run, */
const keepAnswers = 100
/** and only for what is still so far ahead: an event loop that was blocked for less answers exactly. */
const marginMs = 1_000

/**
 * To read the time costs a hit more than all else it does. What ends more than a second after a time that was read in this
 * millisecond is before its end without reading it again; everything else is compared with the time itself. A clock that
 * was given is always asked.
 */
export function createEntryClock(clock: Pick<Clock, 'monotonic'>): EntryClock {
  if (clock !== systemClock) return { isBefore: (untilMs) => clock.monotonic() < untilMs }
  let readAt = 0
  let answers = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let timerAt = 0

  const forget = () => {
    answers = 0
    timer = undefined
  }

  function read(): number {
    readAt = clock.monotonic()
    answers = keepAnswers
    // One that is long overdue was lost: a test has replaced the timers meanwhile.
    if (timer === undefined || Math.abs(readAt - timerAt) > marginMs) {
      clearTimeout(timer)
      timer = setTimeout(forget, keepMs)
      timer.unref()
      timerAt = readAt
    }
    return readAt
  }

  return {
    isBefore(untilMs) {
      if (answers > 0 && readAt + marginMs < untilMs) {
        answers--
        return true
      }
      return read() < untilMs
    },
  }
}
