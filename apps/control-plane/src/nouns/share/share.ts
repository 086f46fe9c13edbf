import { listShares, putShare, removeShare } from '@core/api'
import { shareList, shareRemove, shareSet } from '@core/api/functions'
import { forward, forwardPage } from '../../http/forward.ts'
import type { CreateNoun } from '../../process/noun.ts'

export const share: CreateNoun = () => ({
  routes: [
    forwardPage(listShares, shareList, 'shares', ({ project, query: { direction, cursor: after, limit } }) => ({
      project,
      received: direction === 'received',
      after,
      limit,
    })),
    forward(putShare, shareSet, ({ project, ifMatch, params, body: { rights } }) => ({
      kind: params.kind,
      name: params.name,
      grantee: params.grantee,
      rights,
      project,
      ifMatch,
    })),
    forward(removeShare, shareRemove, ({ project, params: { kind, name, grantee } }) => ({
      kind,
      name,
      grantee,
      project,
    })),
  ],
})
