import { grantCredits } from '@core/api'
import { ledgerGrant } from '@core/api/functions'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const grantRoutes = [
  serve(grantCredits, async ({ project, idempotencyKey: key, body, call }) => {
    if (!isAccountOf(project, body.account)) return accountNotFound(body.account)
    return toAnswer(201, await call(ledgerGrant, { ...body, key }))
  }),
]
