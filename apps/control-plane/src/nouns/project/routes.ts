import {
  archiveProject,
  createProject,
  getProject,
  listProjects,
  putProject,
  restoreProject,
  updateProject,
} from '@core/api'
import {
  callable,
  projectArchive,
  projectCreate,
  projectGet,
  projectRegister,
  projectRestore,
  projectUpdate,
} from '@core/api/functions'
import { isOwner } from '../../auth/principal.ts'
import { type CoreAnswer, type RouteContext, serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { forward } from '../../http/forward.ts'
import { toPage } from '../../http/page.ts'

export const projectRoutes = [
  serve(listProjects, async (context) => toPage('projects', await listOwn(context))),

  serve(createProject, async ({ idempotencyKey: key, body, within }) =>
    toAnswer(201, await callable({ rpc: within(body.name) }, projectCreate)({ ...body, key })),
  ),

  forward(getProject, projectGet, ({ project: name }) => ({ name })),
  forward(putProject, projectRegister, ({ project: name, ifMatch, body }) => ({ ...body, name, ifMatch })),
  forward(updateProject, projectUpdate, ({ project: name, ifMatch, body }) => ({ ...body, name, ifMatch })),
  serve(archiveProject, async (context) => toAnswer(200, await asOwner(context, projectArchive))),
  serve(restoreProject, async (context) => toAnswer(200, await asOwner(context, projectRestore))),
]

/** Within the claims of a project the owner would be one of its members, and these are refused. */
function asOwner(
  { principal, project: name, rpc, rpcUnbound }: RouteContext,
  description: typeof projectArchive | typeof projectRestore,
) {
  return callable({ rpc: isOwner(principal) ? rpcUnbound : rpc }, description)({ name })
}

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
