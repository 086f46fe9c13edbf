import { getMe, listScopes, scopeCatalog } from '@core/api'
import type { Principal } from '../../../auth/principal.ts'
import { serve, type TextAnswer } from '../../../http/bound-route.ts'
import { writeAnswer } from '../../../http/prepared-answer.ts'

export const meRoutes = [
  serve(getMe, ({ principal }) => {
    let answer = answers.get(principal)
    if (answer === undefined) {
      answer = describe(principal)
      answers.set(principal, answer)
    }
    return answer
  }),

  serve(listScopes, () => ({ status: 200, body: scopeCatalog })),
]

/** Of each principal, which never changes: naming and checking all its scopes costs as much as the rest of a request. */
const answers = new WeakMap<Principal, TextAnswer>()

function describe({ subject, project, scopes, roles = new Map(), expiresAt }: Principal): TextAnswer {
  const text = writeAnswer(getMe, {
    subject,
    project: project || null,
    scopes: [...scopes],
    roles: [...roles].map(([within, role]) => ({ project: within, role })),
    expiresAt,
  })
  return { text, type: 'application/json; charset=utf-8', headers: {} }
}
