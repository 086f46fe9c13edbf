import { expect, test } from 'vitest'
import { problems } from '../../nouns.ts'
import { routes } from '../../routes.ts'
import type { ProblemCode } from '../problem.ts'
import { defineRoute, problemsOf, type RouteContract } from '../route-contract.ts'
import { renderDocsPage } from './docs-page.ts'
import { toFieldRows } from './field-row.ts'
import { renderProblemPage } from './problem-page.ts'

const contracts: readonly RouteContract[] = routes
const docs = renderDocsPage(routes, '1.2.3')
const articles = new Map(contracts.map(({ operation }) => [operation, articleOf(operation)]))

function articleOf(operation: string): string {
  const start = docs.indexOf(`<article id="${operation}"`)
  return docs.slice(start, docs.indexOf('</article>', start))
}

test('the page loads nothing, and each of its addresses is relative', () => {
  expect(docs).not.toMatch(/<link|<img|src=|url\(|href="http|href="\/|@import|fetch\(|style="/)
  expect(docs.match(/<script/g)).toHaveLength(1)
})

test('every id is there once, and every link within the page finds one', () => {
  const ids = [...docs.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const [, target] of docs.matchAll(/<a href="#([^"]*)"/g)) expect(ids).toContain(target)
})

test('the side bar and the page have every operation', () => {
  for (const { operation, summary } of contracts) {
    expect(docs).toContain(`<a href="#${operation}" title=`)
    expect(articles.get(operation), summary).toContain(`<code>${operation}</code>`)
  }
})

test('the product comes first', () => {
  const order = [...new Set(routes.map(({ noun }) => noun))]
  expect(order.slice(0, 5)).toEqual(['holds', 'charges', 'refunds', 'accounts', 'budgets'])
  expect(order.at(-1)).toBe('me')
})

test.each(contracts.map((route) => [route.operation, route] as const))('%s shows its fields', (operation, route) => {
  const article = articles.get(operation) ?? ''
  const { params, query, body } = route.input
  const inputs = [params, query, body].flatMap((schema) => toFieldRows(schema, 'input'))
  const outputs =
    route.produces === undefined ? Object.values(route.outputs).flatMap((schema) => toFieldRows(schema, 'output')) : []
  for (const { name, type, description } of [...inputs, ...outputs]) {
    expect(description, `${name} has no description`).not.toBe('')
    expect(article).toContain(`data-field="${name}"`)
    expect(type).not.toBe('')
  }
  expect(article.match(/data-label="Default:"/g) ?? []).toHaveLength(inputs.length)
})

test('each operation lists exactly its own problems, all of them known', () => {
  for (const route of contracts) {
    const listed = [...(articles.get(route.operation) ?? '').matchAll(/href="problems\/(\w+)"/g)].map(
      ([, code]) => code,
    )
    expect(listed).toEqual(problemsOf(route))
    for (const code of listed) expect(problems).toHaveProperty(code ?? '')
  }
})

test('every problem code has a page that says what to do', () => {
  for (const [code, { remedy }] of Object.entries(problems)) {
    expect(renderProblemPage(code as ProblemCode)).toContain(remedy.replaceAll('<', '&lt;').replaceAll('>', '&gt;'))
    expect(docs).toContain(`href="problems/${code}"`)
  }
  expect(renderProblemPage('hold_closed')).toContain('href="../docs#problems"')
})

test('text from a contract cannot become markup', () => {
  const [first] = routes
  const hostile = defineRoute({ ...first, summary: '<script>alert("1")</script>' })
  expect(renderDocsPage([hostile], '1')).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;')
})
