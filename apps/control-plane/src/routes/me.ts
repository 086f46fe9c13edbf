import { getMe } from '@core/api'
import { serve } from '../bound-route.ts'

export const meRoutes = [
  serve(getMe, ({ principal: { subject, project, scopes, expiresAt } }) => ({
    status: 200,
    body: { subject, project: project ?? null, scopes: [...scopes], expiresAt },
  })),
]
