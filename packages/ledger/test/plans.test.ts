import { describePlans } from './plan-suite.ts'

describePlans(20_000)
