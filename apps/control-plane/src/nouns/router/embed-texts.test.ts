import type { Routing } from '@core/router'
import { expect, test } from 'vitest'
import { embedTexts } from './embed-texts.ts'

const model = 'openai/small'
const common: Routing = { providers: [{ name: 'openai', kind: 'openai', project: null }], routes: [] }
const own: Routing = {
  ...common,
  providers: [...common.providers, { name: 'openai', kind: 'openai', project: 'painter' }],
}

/** Whether the vectors of a call may be offered to other projects, with what is known before and after it. */
async function isCommon(before: Routing, after: Routing): Promise<boolean> {
  let routing = before
  const answer = await embedTexts(
    {
      router: {
        async embed() {
          routing = after
          return { headers: { 'core-target': model }, body: { data: [{ index: 0, embedding: [1, 2] }] } }
        },
      },
      ledgers: { of: () => Object.create(null) },
      routing: () => routing,
    },
    { project: 'painter', subject: 'key:x', model, texts: ['a'] },
  )
  return answer.isCommon
}

test('what a provider for all projects has answered may be offered, and not where the routes changed meanwhile', async () => {
  expect(await isCommon(common, common)).toBe(true)
  expect(await isCommon(own, own)).toBe(false)
  expect(await isCommon(common, own)).toBe(false)
  expect(await isCommon(own, common)).toBe(false)
  // Changed and changed back: which of them the call was sent by is not known.
  expect(await isCommon(common, { ...common })).toBe(false)
})
