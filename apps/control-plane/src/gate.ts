/** The parts of the gate that every request passes, for measuring them on their own. */
export { createKeyring, requireScope } from './auth/keyring.ts'
export { createOwnRateLimits } from './limits/rate-limits.ts'
