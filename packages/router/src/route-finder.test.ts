import { expect, test } from 'vitest'
import { createRouteFinder } from './route-finder.ts'
import type { Provider, Routing } from './routing.ts'

const providerOf = (project: string | null): Provider => ({
  name: 'openai',
  kind: 'openai',
  project,
  baseUrl: 'https://a',
})
const routing: Routing = { providers: [providerOf(null)], routes: [] }

test('a name is looked for once, for each project', () => {
  const find = createRouteFinder()
  const found = find(routing, 'painter', 'openai/big')
  expect(found?.targets).toMatchObject([{ id: 'openai/big' }])
  expect(find(routing, 'painter', 'openai/big')).toBe(found)
  expect(find(routing, 'writer', 'openai/big')).not.toBe(found)
})

test('a change of the routing counts at once, and what led nowhere is looked for again', () => {
  const find = createRouteFinder()
  expect(find(routing, 'painter', 'openai/big')?.targets).toMatchObject([{ key: 'openai/big' }])
  expect(find(routing, 'painter', 'gone')).toBeUndefined()
  const own = { ...providerOf('painter'), name: 'gone' }
  const changed: Routing = { providers: [providerOf('painter'), own], routes: [] }
  expect(find(changed, 'painter', 'openai/big')?.targets).toMatchObject([{ key: 'painter:openai/big' }])
  expect(find(changed, 'painter', 'gone')?.targets).toMatchObject([{ id: 'gone/gone' }])
})

test('names without end are not all kept', () => {
  const find = createRouteFinder()
  const first = find(routing, 'painter', 'openai/0')
  for (let name = 1; name <= 1_000; name++) find(routing, 'painter', `openai/${name}`)
  expect(find(routing, 'painter', 'openai/0')).not.toBe(first)
})
