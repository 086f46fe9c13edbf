import { fuzzEveryRoute } from './fuzz.ts'

// A few here and many in `fuzz.soak.test.ts`.
fuzzEveryRoute(6)
