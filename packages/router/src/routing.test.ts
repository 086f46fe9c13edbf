import { expect, test } from 'vitest'
import { findRoute, listModels, type Routing } from './routing.ts'

const routing: Routing = {
  providers: [
    { name: 'openai', project: null, kind: 'openai' },
    { name: 'openai', project: 'painter', kind: 'openai-compatible' },
    { name: 'local', project: null, kind: 'local' },
  ],
  routes: [
    { name: 'fast', project: null, targets: [{ provider: 'openai', model: 'small' }], policy: {} },
    { name: 'fast', project: 'painter', targets: [{ provider: 'local' }], policy: { choose: 'price' } },
    { name: '*', project: 'writer', targets: [{ provider: 'openai' }], policy: {} },
  ],
}

test("a project's own providers and routes take the place of the shared ones", () => {
  expect(findRoute(routing, 'painter', 'fast')?.targets).toMatchObject([{ id: 'local/fast', key: 'local/fast' }])
  expect(findRoute(routing, 'writer', 'fast')?.targets).toMatchObject([{ id: 'openai/small', key: 'openai/small' }])
})

test('a target of a provider of a project has a key of its own', () => {
  const [own] = findRoute(routing, 'painter', 'openai/big')?.targets ?? []
  expect(own).toMatchObject({ id: 'openai/big', key: 'painter:openai/big', provider: { kind: 'openai-compatible' } })
  expect(findRoute(routing, 'writer', 'openai/big')?.targets).toMatchObject([{ key: 'openai/big' }])
})

test('a name without a route is provider/model, a provider, or the route * of the project', () => {
  expect(findRoute(routing, 'writer', 'local')?.targets).toMatchObject([{ id: 'local/local' }])
  expect(findRoute(routing, 'writer', 'gpt-9')?.targets).toMatchObject([{ id: 'openai/gpt-9' }])
  expect(findRoute(routing, 'painter', 'gpt-9')).toBeUndefined()
  expect(listModels(routing, 'writer')).toEqual(['fast', 'local'])
})
