import { expect, test } from 'vitest'
import { routes } from '../../routes.ts'
import type { RouteContract } from '../route-contract.ts'
import { toSamples } from './sample.ts'
import { toAddress, toSampleInput } from './sample-input.ts'

const contracts: readonly RouteContract[] = routes

test.each(contracts.map((route) => [route.operation, route] as const))('%s has samples that it takes', (_, route) => {
  const { params, query, body = {} } = toSampleInput(route)
  expect(route.input.params.safeParse(params)).toMatchObject({ success: true })
  expect(route.input.query.safeParse(query)).toMatchObject({ success: true })
  expect(route.input.body.safeParse(body)).toMatchObject({ success: true })
  expect(toAddress(route, { params, query })).not.toMatch(/[{}]/)
  const samples = toSamples(route)
  expect(samples.map(({ language }) => language)).toEqual(['curl', 'TypeScript', 'Python'])
  for (const { text } of samples) expect(text).not.toMatch(/undefined|\[object/)
})
