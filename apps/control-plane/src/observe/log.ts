import { type Logger, redactSecrets } from '@core/foundation'
import { destination, pino, stdSerializers } from 'pino'

type Fields = Record<string, unknown>

/** How much is gathered before it is written, and how long a line waits for others at most. */
const gatherBytes = 64 * 1024
const gatherMs = 100

/**
 * JSON lines on standard error; standard output is for data. Secrets are removed by name, by our
 * own code: pino's redaction copies every object it is shown, which cost as much as the rest of a request's line.
 */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      formatters: { log: hideSecrets },
      serializers: { err: serializeError },
      timestamp: createTimestamp(),
    },
    gatherLines(),
  )
}

/** The time of a line, ISO 8601. The date and its seconds are written once a second. */
function createTimestamp(): () => string {
  let second = 0
  let upToSecond = ''
  return () => {
    const nowMs = Date.now()
    const ms = nowMs % 1000
    if (nowMs - ms !== second) {
      second = nowMs - ms
      upToSecond = new Date(second).toISOString().slice(0, -'000Z'.length)
    }
    return `,"time":"${upToSecond}${String(ms).padStart(3, '0')}Z"`
  }
}

/**
 * Writes lines together, because each write wakes another thread, which costs more than making the line. What is left
 * is written when the process exits normally.
 */
function gatherLines(): { write(line: string): void } {
  // As bytes: text that waits is measured again with every line that comes. (The types know of text only.)
  const lines: { write(line: Uint8Array | string): boolean } = destination({
    fd: 2,
    sync: false,
    contentMode: 'buffer',
    minLength: gatherBytes,
    maxWrite: 2 * gatherBytes,
    periodicFlush: gatherMs,
  })
  return { write: (line) => void lines.write(Buffer.from(line)) }
}

/** Anything can be thrown. */
function serializeError(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return typeof thrown === 'string' ? redactSecrets(thrown) : thrown
  const fields = hideNamed({ ...stdSerializers.err(thrown) })
  // The stack and the message include those of its causes, which other libraries wrote.
  for (const name of ['message', 'stack']) {
    const text = fields[name]
    if (typeof text === 'string') fields[name] = redactSecrets(text)
  }
  return fields
}

const secretNames = ['authorization', 'secret']

/** The same fields, with what is named as a secret hidden, in them and in the objects they hold. */
export function hideSecrets(fields: Fields): Fields {
  let hidden = hideNamed(fields)
  for (const name in fields) {
    const value = fields[name]
    if (!isPlain(value)) continue
    const safe = hideNamed(value)
    if (safe !== value) hidden = { ...hidden, [name]: safe }
  }
  return hidden
}

function hideNamed(fields: Fields): Fields {
  let hidden = fields
  for (const name of secretNames) if (name in fields) hidden = { ...hidden, [name]: '[redacted]' }
  return hidden
}

/** Errors are not: their serializer sees to them. */
function isPlain(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !(value instanceof Error)
}
