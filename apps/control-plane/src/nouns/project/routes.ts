import {
  archiveProject,
  createProject,
  getProject,
  listProjects,
  putProject,
  restoreProject,
  updateProject,
} from '@core/api'
import { type CoreAnswer, type RouteContext, serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'

export const projectRoutes = [
  serve(listProjects, async (context) => toPage('projects', await listOwn(context))),

  serve(createProject, async ({ idempotencyKey, body: { name, ...body }, within }) =>
    toAnswer(201, await within(name)('project_create', { p_key: idempotencyKey, p_name: name, ...toArguments(body) })),
  ),

  serve(getProject, async ({ project, rpc }) => toAnswer(200, await rpc('project_get', { p_name: project }))),

  serve(putProject, async ({ project, ifMatch, body, rpc }) =>
    toAnswer(200, await rpc('project_register', { p_name: project, ...toArguments(body), p_if_match: ifMatch })),
  ),

  serve(updateProject, async ({ project, ifMatch, body, rpc }) =>
    toAnswer(200, await rpc('project_update', { p_name: project, ...toArguments(body), p_if_match: ifMatch })),
  ),

  serve(archiveProject, async ({ project, rpc }) => toAnswer(200, await rpc('project_archive', { p_name: project }))),

  serve(restoreProject, async ({ project, rpc }) => toAnswer(200, await rpc('project_restore', { p_name: project }))),
]

/** All for the owner, its own for a key, and for a user those of its roles, each read with the role it has there. */
async function listOwn({ principal, rpc, rpcUnbound, within }: RouteContext): Promise<CoreAnswer> {
  const { project, roles } = principal
  if (project === undefined) return rpcUnbound('project_list', {})
  if (roles === undefined) return rpc('project_list', {})
  const projects: CoreAnswer[] = []
  for (const name of roles.keys()) {
    if (name !== null) projects.push(await within(name)('project_get', { p_name: name }))
  }
  return { ok: true, projects }
}

type ProjectFields = Parameters<Parameters<typeof serve<typeof putProject>>[1]>[0]['body']

function toArguments({ version, capabilities, endpoints, metadata }: ProjectFields) {
  return {
    p_version: version ?? null,
    p_capabilities: capabilities ?? null,
    p_endpoints: endpoints ?? null,
    p_metadata: metadata ?? null,
  }
}
