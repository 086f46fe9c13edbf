import { expect, test } from 'vitest'
import { live } from '../system/routes/system.ts'
import { toDeprecationHeaders } from './deprecation.ts'
import { renderDocsPage } from './docs-page/docs-page.ts'
import { toOpenApi } from './openapi.ts'
import { defineRoute } from './route-contract.ts'

const old = defineRoute({
  ...live,
  operation: 'oldLive',
  path: '/old',
  deprecated: { since: '2026-11-20', sunset: '2027-06-30T00:00:00Z', link: '/docs#live' },
})

test('the headers are those of RFC 9745 and RFC 8594', () => {
  expect(toDeprecationHeaders(old.deprecated)).toEqual({
    deprecation: '@1795132800',
    sunset: 'Wed, 30 Jun 2027 00:00:00 GMT',
    link: '</docs#live>; rel="deprecation"; type="text/html"',
  })
  expect(toDeprecationHeaders({ since: '2026-11-20', link: '/docs' })).not.toHaveProperty('sunset')
})

test.each([
  { since: 'soon', link: '/docs' },
  { since: '2026-11-20', sunset: '2026-11-20', link: '/docs' },
  { since: '2026-11-20', sunset: 'later', link: '/docs' },
  { since: '2026-11-20', link: '/docs>; rel="next"' },
])('%j is no deprecation', (deprecated) => {
  expect(() => toDeprecationHeaders(deprecated)).toThrow('deprecated since')
})

test('the document and the docs page say so, of this route and no other', () => {
  const document = toOpenApi([live, old], { version: '1' })
  expect(document).toMatchObject({
    paths: {
      '/old': {
        get: {
          deprecated: true,
          description: expect.stringContaining('Deprecated since 2026-11-20; may be gone from 2027-06-30'),
          responses: { 200: { headers: { Deprecation: {}, Sunset: {}, Link: {} } } },
        },
      },
    },
  })
  expect(document).not.toHaveProperty(['paths', '/livez', 'get', 'deprecated'])
  const page = renderDocsPage([live, old], '1')
  expect(page.match(/Deprecated since/g)).toHaveLength(1)
  expect(page).toContain('<a href="#live">')
})
