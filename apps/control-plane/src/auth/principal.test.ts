import { type Role, roleScopes } from '@core/api'
import { expect, test } from 'vitest'
import { bindTo, isOwner, ownerScopes, type Principal, userPrincipal } from './principal.ts'

const ada = { subject: 'user:ada', expiresAtMs: 0, role: undefined }
const user = (role: Role | undefined, ...members: [string, Role][]) => userPrincipal({ ...ada, role }, members)
const key: Principal = { subject: 'key:1', project: 'a', scopes: new Set(['ledger:read']), expiresAt: null }
const owner: Principal = { subject: 'owner', project: undefined, scopes: ownerScopes, expiresAt: null }

test('a key stays in its project, and the owner goes anywhere', () => {
  expect(bindTo(key, 'a')).toBe(key)
  expect(bindTo(key, 'b')).toBeUndefined()
  expect(bindTo(owner, 'b')).toBe(owner)
})

test('a user with one project has it as its own; with none or several a path must name one', () => {
  expect(user(undefined, ['a', 'viewer'])).toMatchObject({ project: 'a', scopes: new Set(roleScopes.viewer) })
  expect(user(undefined)).toMatchObject({ project: '', scopes: new Set() })
  expect(user(undefined, ['a', 'viewer'], ['b', 'admin'])).toMatchObject({ project: '' })
})

test('in each project a user has the role of that project, and nothing in the others', () => {
  const both = user(undefined, ['a', 'viewer'], ['b', 'admin'])
  expect(bindTo(both, 'a')).toMatchObject({ project: 'a', scopes: new Set(roleScopes.viewer) })
  expect(bindTo(both, 'b')).toMatchObject({ project: 'b', scopes: new Set(roleScopes.admin) })
  for (const name of ['c', '', 'null', 'undefined']) expect(bindTo(both, name)).toBeUndefined()
})

test('of a role everywhere and one here the higher counts, and the one here reaches no further', () => {
  const watcher = user('viewer', ['a', 'admin'])
  expect(watcher).toMatchObject({ project: undefined, scopes: new Set(roleScopes.viewer) })
  expect(bindTo(watcher, 'a')).toMatchObject({ project: 'a', scopes: new Set(roleScopes.admin) })
  expect(bindTo(watcher, 'b')).toMatchObject({ project: undefined, scopes: new Set(roleScopes.viewer) })
  expect(bindTo(user('admin', ['a', 'viewer']), 'a')).toMatchObject({ scopes: new Set(roleScopes.admin) })
})

test('only a credential with every scope everywhere is the owner', () => {
  expect([owner, user('owner')].map(isOwner)).toEqual([true, true])
  const some: Principal = { ...owner, scopes: new Set(['ledger:read']) }
  expect([key, some, user('admin'), user(undefined, ['a', 'owner'])].map(isOwner)).toEqual([false, false, false, false])
})
