export { type BackoffOptions, fullJitterMs } from './backoff.ts'
export type { Brand } from './brand.ts'
export { type Clock, type SleepOptions, systemClock } from './clock.ts'
export { type CallOptions, type Deadline, raceSignal, startDeadline } from './deadline.ts'
export { errorSummaries } from './error-summaries.ts'
export { CoreError, type CoreErrorOptions, type ErrorCode, errorCodes, isCoreError, withDetails } from './errors.ts'
export { fetchDirectly } from './fetch-directly.ts'
export { createUuidv7, uuidv7 } from './ids.ts'
export { type Logger, silentLogger } from './logger.ts'
export { needsPercentEncoding } from './needs-percent-encoding.ts'
export { isObject } from './object.ts'
export { primaryError } from './primary-error.ts'
export { redactSecrets } from './redact-secrets.ts'
export { type RetryOptions, retry } from './retry.ts'
export {
  copyStorable,
  findUnstorable,
  formatPlace,
  type Storable,
  type StorableOptions,
  type Unstorable,
} from './storable.ts'
export { stringifyExact } from './stringify-exact.ts'
export { suggestName } from './suggest-name.ts'
export { toHeaderValue } from './to-header-value.ts'
export { toStorableText } from './to-storable-text.ts'
export { toTimestamp } from './to-timestamp.ts'
