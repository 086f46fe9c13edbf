import { createPriceBook } from '@core/providers/price'
import { expect, test } from 'vitest'
import { findRouteFaults } from './find-route-faults.ts'

const rates = [{ unit: 'input', nanoUsdPerMillion: 1 }] as const
const card = (provider: string, model: string) => ({ provider, model, aliases: [`${model}-latest`], rates })
const prices = createPriceBook([card('openai', 'gpt-5'), card('openai', 'gpt-5-mini'), card('azure', 'gpt-5')])
const providers = [
  { name: 'openai', kind: 'openai', project: null },
  { name: 'azure', kind: 'openai-compatible', project: 'painter' },
  { name: 'east', kind: 'openai', project: 'writer' },
  { name: 'local', kind: 'local', project: null },
]
const faults = (project: string | null, ...targets: { provider: string; model?: string }[]) =>
  findRouteFaults({ providers }, { project, targets }, { prices, at: new Date(0) })

test('targets that can be called are no faults, also by an alias, a kind, and without a model', () => {
  expect(
    faults('painter', { provider: 'openai', model: 'gpt-5-latest' }, { provider: 'azure', model: 'gpt-5' }),
  ).toEqual([])
  expect(faults('writer', { provider: 'east', model: 'gpt-5' }, { provider: 'local', model: 'any' })).toEqual([])
  expect(faults(null, { provider: 'openai' })).toEqual([])
})

test("a provider that is not there is one, and so is another project's", () => {
  expect(faults('painter', { provider: 'openai' }, { provider: 'asure', model: 'gpt-5' })).toEqual([
    {
      index: 1,
      what: 'provider',
      message: 'there is no provider asure',
      fix: 'Did you mean azure? Providers: azure, local, openai.',
    },
  ])
  expect(faults('painter', { provider: 'east' })).toMatchObject([{ fix: 'Providers: azure, local, openai.' }])
  expect(faults(null, { provider: 'azure' })).toMatchObject([{ fix: 'Providers: local, openai.' }])
})

test('a model without a price is one', () => {
  expect(faults('painter', { provider: 'openai', model: 'gpt-6' })).toEqual([
    {
      index: 0,
      what: 'model',
      message: 'there is no model gpt-6 with a price at openai',
      fix: 'Did you mean gpt-5? Models with a price: gpt-5, gpt-5-mini.',
    },
  ])
  const dearest = createPriceBook([card('openai', 'gpt-5')], [], { unknown: 'dearest' })
  const route = { project: null, targets: [{ provider: 'openai', model: 'other' }] }
  expect(findRouteFaults({ providers }, route, { prices: dearest, at: new Date(0) })).toEqual([])
})
