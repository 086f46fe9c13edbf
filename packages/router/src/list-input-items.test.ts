import { expect, test } from 'vitest'
import { listInputItems } from './list-input-items.ts'

const input = [
  { role: 'user', content: 'What is a hold?' },
  { type: 'message', role: 'assistant', content: 'Credits set aside.' },
  { type: 'function_call', id: 'fc_1', name: 'look', arguments: '{}', call_id: 'c' },
  'no item',
  { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'And a lease?' }] },
]
const list = (query = '') => JSON.parse(listInputItems({ id: 'resp_1' }, input, query))
const idsOf = (query: string) => list(query).data.map(({ id }: { id: string }) => id)

test('messages have parts and every item an id, the last item first', () => {
  const { data, ...page } = list()
  expect(page).toEqual({ object: 'list', first_id: 'resp_1_4', last_id: 'resp_1_0', has_more: false })
  expect(data).toEqual([
    {
      id: 'resp_1_4',
      type: 'message',
      status: 'completed',
      role: 'user',
      content: [{ type: 'input_text', text: 'And a lease?' }],
    },
    { type: 'function_call', id: 'fc_1', name: 'look', arguments: '{}', call_id: 'c' },
    {
      id: 'resp_1_1',
      type: 'message',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Credits set aside.', annotations: [] }],
    },
    {
      id: 'resp_1_0',
      type: 'message',
      status: 'completed',
      role: 'user',
      content: [{ type: 'input_text', text: 'What is a hold?' }],
    },
  ])
})

test('pages follow each other in either order', () => {
  expect(idsOf('?order=asc&limit=2')).toEqual(['resp_1_0', 'resp_1_1'])
  expect(idsOf('?order=asc&limit=2&after=resp_1_1')).toEqual(['fc_1', 'resp_1_4'])
  expect(idsOf('?limit=1&after=fc_1')).toEqual(['resp_1_1'])
  expect(list('?limit=3')).toMatchObject({ has_more: true, last_id: 'resp_1_1' })
  expect(list('?after=resp_1_0')).toMatchObject({ data: [], first_id: null, last_id: null, has_more: false })
})

test.each(['?limit=0', '?limit=101', '?limit=one', '?limit=1.5', '?order=up', '?after=other'])(
  '%s is refused',
  (query) => {
    expect(() => list(query)).toThrow(expect.objectContaining({ fault: 'invalid_request' }))
  },
)
