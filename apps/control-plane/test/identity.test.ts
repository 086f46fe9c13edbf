import { describeIdentity } from './identity.ts'

describeIdentity(2)
