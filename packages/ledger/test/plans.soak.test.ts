import { describePlans } from './plan-suite.ts'

describePlans(1_000_000)
