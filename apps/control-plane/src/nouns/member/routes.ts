import { addMember, getMember, listMembers, putMember, removeMember, updateMember } from '@core/api'
import { memberAdd, memberGet, memberList, memberRemove, memberSet, memberUpdate } from '@core/api/functions'
import { forward, forwardPage } from '../../http/forward.ts'

export const memberRoutes = [
  forwardPage(listMembers, memberList, 'members', ({ project, query: { cursor, limit } }) => ({
    project,
    after: cursor,
    limit,
  })),
  forward(addMember, memberAdd, ({ project, idempotencyKey: key, body }) => ({ ...body, key, project })),
  forward(getMember, memberGet, ({ project, params: { subject } }) => ({ project, subject })),
  forward(putMember, memberSet, ({ project, ifMatch, params: { subject }, body }) => ({
    ...body,
    project,
    subject,
    ifMatch,
  })),
  forward(updateMember, memberUpdate, ({ project, ifMatch, params: { subject }, body }) => ({
    ...body,
    project,
    subject,
    ifMatch,
  })),
  forward(removeMember, memberRemove, ({ project, params: { subject } }) => ({ project, subject })),
]
