import { expect, test } from 'vitest'
import { actsEverywhere } from './acts-everywhere.ts'

test.each([
  ['the owner', { subject: 'owner', project: null, roles: [] }, true],
  ['a key of the whole system', { subject: 'key:1', project: null, roles: [] }, true],
  ['a key of a project', { subject: 'key:1', project: 'a', roles: [] }, false],
  ['a person without a project', { subject: 'user:ada', project: null, roles: [] }, false],
  ['a person with two', { subject: 'user:ada', project: null, roles: [{ project: 'a' }, { project: 'b' }] }, false],
  ['a person with a role in all', { subject: 'user:ada', project: null, roles: [{ project: null }] }, true],
])('%s', (_, me, expected) => expect(actsEverywhere(me)).toBe(expected))
