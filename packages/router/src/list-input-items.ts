import { isObject } from '@core/foundation'
import { GatewayError } from './gateway-error.ts'
import type { ResponseName } from './kept-responses.ts'

type Item = Readonly<Record<string, unknown>>

/**
 * What a model read for a response that is kept here, as a page of the list that clients of OpenAI read: the last item first
 * unless `order` is `asc`, 20 of them unless `limit` says otherwise (1 to 100), those that follow `after`.
 * @throws GatewayError invalid_request for values that a parameter does not have.
 */
export function listInputItems({ id }: Pick<ResponseName, 'id'>, input: readonly unknown[], query: string): string {
  const asked = new URLSearchParams(query)
  const order = asked.get('order') ?? 'desc'
  if (order !== 'asc' && order !== 'desc') throw invalid('order', 'order is asc or desc')
  const limit = Number(asked.get('limit') ?? 20)
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw invalid('limit', 'limit is a whole number from 1 to 100')

  const items = input.flatMap((item, index) => (isObject(item) ? [toListed(item, `${id}_${index}`)] : []))
  if (order === 'desc') items.reverse()
  const after = asked.get('after')
  const place = after === null ? 0 : items.findIndex((item) => item['id'] === after) + 1
  if (after !== null && place === 0) throw invalid('after', 'after is no item of this response')
  const data = items.slice(place, place + limit)
  return JSON.stringify({
    object: 'list',
    data,
    first_id: data[0]?.['id'] ?? null,
    last_id: data.at(-1)?.['id'] ?? null,
    has_more: place + limit < items.length,
  })
}

/** With the id of its place where it has none; a message with its text as a part. */
function toListed(item: Item, id: string): Item {
  const { type = 'message', content, role } = item
  if (type !== 'message') return { id, ...item }
  if (typeof content !== 'string') return { id, type, status: 'completed', ...item }
  const part =
    role === 'assistant'
      ? { type: 'output_text', text: content, annotations: [] }
      : { type: 'input_text', text: content }
  return { id, type, status: 'completed', ...item, content: [part] }
}

function invalid(param: string, message: string): GatewayError {
  return new GatewayError('invalid_request', message, { param })
}
