import { describePlans } from './plan-suite.ts'

describePlans({ rows: 1_000_000, rounds: 25 })
