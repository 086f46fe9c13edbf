import { addMember, getMember, listMembers, putMember, removeMember, updateMember } from '@core/api'
import { serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'

export const memberRoutes = [
  serve(listMembers, async ({ project, query: { cursor, limit }, rpc }) =>
    toPage('members', await rpc('member_list', { p_project: project, p_after: cursor ?? null, p_limit: limit })),
  ),

  serve(addMember, async ({ project, idempotencyKey, body: { subject, role, name }, rpc }) =>
    toAnswer(
      201,
      await rpc('member_add', {
        p_key: idempotencyKey,
        p_project: project,
        p_subject: subject,
        p_role: role,
        p_name: name ?? null,
      }),
    ),
  ),

  serve(getMember, async ({ project, params: { subject }, rpc }) =>
    toAnswer(200, await rpc('member_get', { p_project: project, p_subject: subject })),
  ),

  serve(putMember, async ({ project, ifMatch, params: { subject }, body: { role, name }, rpc }) =>
    toAnswer(
      200,
      await rpc('member_set', {
        p_project: project,
        p_subject: subject,
        p_role: role,
        p_name: name ?? null,
        p_if_match: ifMatch,
      }),
    ),
  ),

  serve(updateMember, async ({ project, ifMatch, params: { subject }, body: { role, name }, rpc }) =>
    toAnswer(
      200,
      await rpc('member_update', {
        p_project: project,
        p_subject: subject,
        p_role: role ?? null,
        p_name: name ?? null,
        p_if_match: ifMatch,
      }),
    ),
  ),

  serve(removeMember, async ({ project, params: { subject }, rpc }) =>
    toAnswer(200, await rpc('member_remove', { p_project: project, p_subject: subject })),
  ),
]
