export { type Cost, type CostRequest, type CreditRate, costOf, oneUsdPerCredit } from './cost.ts'
export { estimateTokens } from './estimate-tokens.ts'
export type { Rate } from './rate.ts'
export { type Unit, type Usage, units } from './usage.ts'
