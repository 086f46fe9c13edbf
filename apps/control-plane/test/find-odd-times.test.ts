import { expect, test } from 'vitest'
import { findOddTimes, noteSentTimes } from './find-odd-times.ts'

test('each other form of a time is found where the document declares one, also where a caller has sent it', () => {
  noteSentTimes('{"expiresAt":"2030-01-01T00:00:00Z"}')
  expect(findOddTimes({ expiresAt: '2030-01-01T00:00:00Z', data: [{ at: '2030-01-01T01:00:00+01:00' }] })).toEqual([
    '2030-01-01T00:00:00Z',
    '2030-01-01T01:00:00+01:00',
  ])
  expect(findOddTimes({ expiresAt: '2030-01-01T00:00:00+00:00' })).toEqual([])
})

test('elsewhere only what no caller has sent: a name may read like a time', () => {
  expect(findOddTimes({ name: '2031-01-01T00:00:00Z' })).toEqual(['2031-01-01T00:00:00Z'])
  noteSentTimes('/v1/projects/x/members', '{"name":"2031-01-01T00:00:00Z"}')
  expect(findOddTimes({ name: '2031-01-01T00:00:00Z' })).toEqual([])
})
