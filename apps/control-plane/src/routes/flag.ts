import { listFlags, setFlag } from '@core/api'
import { type CoreAnswer, serve } from '../bound-route.ts'
import { toAnswer } from '../denial.ts'
import { toPage } from '../page.ts'

export const flagRoutes = [
  serve(listFlags, async ({ project, query: { cursor, limit }, rpc }) => {
    const answer = await rpc('flag_list', { p_project: project, p_after_version: cursor ?? 0, p_limit: limit })
    const rows = Array.isArray(answer['flags']) ? answer['flags'] : []
    return toPage('flags', {
      ...answer,
      flags: rows.map(toRow),
      next: answer['more'] === true ? answer['version'] : null,
    })
  }),

  serve(setFlag, async ({ project, ifMatch, body: { name, value, rolloutBasisPoints }, rpc }) => {
    const answer =
      value === null
        ? await rpc('flag_clear', { p_name: name, p_project: project, p_if_match: ifMatch })
        : await rpc('flag_set', {
            p_name: name,
            p_value: value,
            p_project: project,
            p_rollout_bp: rolloutBasisPoints,
            p_if_match: ifMatch,
          })
    return toAnswer(200, { ...answer, name })
  }),
]

function toRow({ rollout_bp, ...row }: CoreAnswer): CoreAnswer {
  return { ...row, rollout_basis_points: rollout_bp }
}
