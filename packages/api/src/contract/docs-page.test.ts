import { expect, test } from 'vitest'
import { problems } from '../nouns.ts'
import { routes } from '../routes.ts'
import { renderDocsPage, renderProblemPage } from './docs-page.ts'
import type { ProblemCode } from './problem.ts'
import { defineRoute } from './route-contract.ts'

const docs = renderDocsPage(routes, '1.2.3')

test('every route is on the page, and the page loads nothing', () => {
  for (const { operation } of routes) expect(docs).toContain(`id="${operation}"`)
  expect(docs).not.toMatch(/<script|<link|<img|src=|url\(|href="http/)
})

test('every problem code has a page that says what to do', () => {
  for (const [code, { remedy }] of Object.entries(problems)) {
    expect(renderProblemPage(code as ProblemCode)).toContain(remedy.replaceAll('<', '&lt;').replaceAll('>', '&gt;'))
    expect(docs).toContain(`href="/problems/${code}"`)
  }
})

test('the product comes first', () => {
  const order = [...new Set(routes.map(({ noun }) => noun))]
  expect(order.slice(0, 5)).toEqual(['holds', 'charges', 'refunds', 'accounts', 'budgets'])
  expect(order.at(-1)).toBe('me')
})

test('text from a contract cannot become markup', () => {
  const [first] = routes
  const hostile = defineRoute({ ...first, summary: '<script>alert("1")</script>' })
  expect(renderDocsPage([hostile], '1')).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;')
})
