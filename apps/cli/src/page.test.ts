import { expect, test } from 'vitest'
import { readPage } from './page.ts'

test('pages that are empty and have a next one are passed over, with the same filter', async () => {
  const asked: unknown[] = []
  const pages = [[], [], ['found'], ['more']].map((data, at) => ({ data, page: { next: at < 3 ? `c${at}` : null } }))
  const read = async (query: { cursor?: string; user: string }) => {
    asked.push(query)
    return pages[asked.length - 1] ?? { data: [], page: { next: null } }
  }
  expect(await readPage({ user: 'u' }, read)).toEqual({ data: ['found'], page: { next: 'c2' } })
  expect(asked).toEqual([{ user: 'u' }, { user: 'u', cursor: 'c0' }, { user: 'u', cursor: 'c1' }])
})

test('the last page is an answer, also where it is empty', async () => {
  const last = { data: [], page: { next: null } }
  expect(await readPage({}, async () => last)).toBe(last)
})
