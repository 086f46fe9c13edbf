import { expect, test } from 'vitest'
import { toJwtClaims } from './claims.ts'

test('claims of no known role are refused: without one a call would pass as the owner’s', () => {
  const member = { role: 'core_member', project: 'p', caps: [], sub: 'key:1' } as const
  const roleless: typeof member = { ...member }
  Reflect.deleteProperty(roleless, 'role')
  expect(() => toJwtClaims(roleless)).toThrow('need the role')
  expect(() => toJwtClaims(member)).not.toThrow()
})

test('only what is known of claims reaches the database', () => {
  const greedy = { role: 'owner', sub: 'owner', requestId: 'req_1', project: 'p', caps: ['key:write'] } as const
  expect(toJwtClaims(greedy)).toEqual({ sub: 'owner', rid: 'req_1' })
})
