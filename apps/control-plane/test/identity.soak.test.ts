import { describeIdentity } from './identity.ts'

/** Each credential calls each route at each name. */
describeIdentity()
