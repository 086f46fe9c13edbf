import { listShares, putShare, removeShare } from '@core/api'
import { serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'
import type { CreateNoun } from '../../process/noun.ts'

export const share: CreateNoun = () => ({
  routes: [
    serve(listShares, async ({ project, query: { direction, cursor, limit }, rpc }) =>
      toPage(
        'shares',
        await rpc('share_list', {
          p_project: project,
          p_received: direction === 'received',
          p_after: cursor ?? 0,
          p_limit: limit,
        }),
      ),
    ),

    serve(putShare, async ({ project, ifMatch, params: { kind, name, grantee }, body: { rights }, rpc }) =>
      toAnswer(
        200,
        await rpc('share_set', {
          p_kind: kind,
          p_name: name,
          p_grantee: grantee,
          p_rights: rights,
          p_project: project,
          p_if_match: ifMatch,
        }),
      ),
    ),

    serve(removeShare, async ({ project, params: { kind, name, grantee }, rpc }) =>
      toAnswer(200, await rpc('share_remove', { p_kind: kind, p_name: name, p_grantee: grantee, p_project: project })),
    ),
  ],
})
