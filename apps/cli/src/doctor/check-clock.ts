import { type Finding, ok, warning } from './finding.ts'

/** The database's clock decides about windows and expiry; leases spent offline rely on the two agreeing. */
const tolerableSkewMs = 2_000

/** The server read its clock somewhere between asking and answering: only what lies outside is skew. */
export function checkClock(askedAtMs: number, serverMs: number, answeredAtMs: number): Finding {
  const behindMs = Math.max(0, askedAtMs - serverMs)
  const aheadMs = Math.max(0, serverMs - answeredAtMs)
  const skewMs = Math.max(behindMs, aheadMs)
  if (skewMs <= tolerableSkewMs) return ok('clock', 'agrees with the database')
  const direction = behindMs > 0 ? 'behind' : 'ahead'
  return warning(
    'clock',
    `the database's clock is ${(skewMs / 1000).toFixed(1)} s ${direction}`,
    'Synchronise both machines (NTP). Budgets and expiry follow the database.',
  )
}
