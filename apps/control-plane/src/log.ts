import type { Logger } from '@core/foundation'
import { destination, pino, stdTimeFunctions } from 'pino'

/** JSON lines on standard error; standard output belongs to what people asked for. Secrets are cut out by name. */
export function createLogger(level: string): Logger {
  const paths = ['authorization', '*.authorization', 'secret', '*.secret']
  const redact = { paths, censor: '[redacted]' }
  return pino({ level, base: null, redact, timestamp: stdTimeFunctions.isoTime }, destination({ fd: 2, sync: false }))
}
