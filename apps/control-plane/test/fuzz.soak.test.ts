import { fuzzEveryRoute } from './fuzz.ts'

fuzzEveryRoute(1500)
