import { describePlans } from './plan-suite.ts'

/** `plans.soak.test.ts` has the same with a hundred times as many rows. */
describePlans({ rows: 20_000, rounds: 10 })
