import { systemClock } from '@core/foundation'
import type { Session } from './session.ts'

const everyMs = 2_000
const clearScreen = '\u001b[2J\u001b[H'

/** Reads and shows again until interrupted: a terminal shows the newest, a pipe gets one JSON value a line. */
export async function watch<Value>(
  { io, output }: Session,
  read: () => Promise<Value>,
  toText: (value: Value) => string,
): Promise<void> {
  while (!io.signal.aborted) {
    const value = await read()
    output.text(output.isJson ? JSON.stringify(value) : `${clearScreen}${toText(value)}`)
    await systemClock.sleep(everyMs, { signal: io.signal }).catch(() => undefined)
  }
}
