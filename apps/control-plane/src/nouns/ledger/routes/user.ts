import { ensureUser } from '@core/api'
import { ledgerUserEnsure } from '@core/api/functions'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer, toDenial } from '../../../http/denial.ts'

export const userRoutes = [
  serve(ensureUser, async ({ project, idempotencyKey: key, body, call }) => {
    const answer = await call(ledgerUserEnsure, { ...body, key, project })
    if (!answer.ok) return toDenial(answer)
    const { tz: timeZone, ...ensured } = answer
    return toAnswer(200, { ...ensured, timeZone })
  }),
]
