import { ensureUser } from '@core/api'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'

export const userRoutes = [
  serve(ensureUser, async ({ project, idempotencyKey, body: { user, limit, period, timeZone }, rpc }) => {
    const { tz, ...answer } = await rpc('ledger_user_ensure', {
      p_key: idempotencyKey,
      p_user: user,
      p_limit: limit,
      p_period: period,
      p_tz: timeZone,
      p_project: project,
    })
    return toAnswer(200, tz === undefined ? answer : { ...answer, timeZone: tz })
  }),
]
