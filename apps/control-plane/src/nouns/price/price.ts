import { importPrices, listPrices, quotePrice, setCreditRate, setPrice } from '@core/api'
import { callable, creditRateSet, priceImport, priceList, priceQuote, priceSet } from '@core/api/functions'
import { requireOwner } from '../../auth/system-calls.ts'
import { serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { forward, forwardPage } from '../../http/forward.ts'
import type { CreateNoun } from '../../process/noun.ts'

/** What models cost. Changing it concerns every project, so it is the owner's. */
export const price: CreateNoun = ({ config }) => ({
  routes: [
    forwardPage(listPrices, priceList, 'prices', ({ project, query: { cursor, ...query } }) => ({
      ...query,
      after: cursor,
      project,
    })),
    forward(quotePrice, priceQuote, ({ project, body }) => ({
      ...body,
      project,
      unknown: config.price.unknown,
    })),
    serve(setPrice, async ({ body, ...context }) =>
      toAnswer(200, await callable({ rpc: requireOwner(context) }, priceSet)(body)),
    ),
    serve(importPrices, async ({ body, ...context }) =>
      toAnswer(200, await callable({ rpc: requireOwner(context) }, priceImport)(body)),
    ),
    serve(setCreditRate, async ({ body, ...context }) =>
      toAnswer(200, await callable({ rpc: requireOwner(context) }, creditRateSet)(body)),
    ),
  ],
})
