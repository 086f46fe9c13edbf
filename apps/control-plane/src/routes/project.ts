import { listProjects, putProject } from '@core/api'
import { serve } from '../bound-route.ts'
import { toAnswer } from '../denial.ts'
import { toPage } from '../page.ts'

export const projectRoutes = [
  serve(listProjects, async ({ principal, rpc, rpcUnbound }) => {
    const list = principal.project === undefined ? rpcUnbound : rpc
    return toPage('projects', await list('project_list', {}))
  }),

  serve(putProject, async ({ project, ifMatch, body: { version, capabilities, endpoints, metadata }, rpc }) => {
    const answer = await rpc('project_register', {
      p_name: project,
      p_version: version ?? null,
      p_capabilities: capabilities ?? null,
      p_endpoints: endpoints ?? null,
      p_metadata: metadata ?? null,
      p_if_match: ifMatch,
    })
    return toAnswer(200, answer)
  }),
]
