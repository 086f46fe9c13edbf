import { getMe, listScopes, scopeCatalog } from '@core/api'
import { serve } from '../../../http/bound-route.ts'

export const meRoutes = [
  serve(getMe, ({ principal: { subject, project, scopes, roles = new Map(), expiresAt } }) => ({
    status: 200,
    body: {
      subject,
      project: project || null,
      scopes: [...scopes],
      roles: [...roles].map(([within, role]) => ({ project: within, role })),
      expiresAt,
    },
  })),

  serve(listScopes, () => ({ status: 200, body: scopeCatalog })),
]
