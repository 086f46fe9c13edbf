import { describe, expect, test } from 'vitest'
import type { MemberClaims } from '../../database.ts'
import { driverCapabilities } from '../../driver-capabilities.ts'
import { runSql } from '../run-sql.ts'
import type { ContractCase } from './contract-case.ts'

const claims: MemberClaims = { role: 'core_member', project: 'contract', caps: ['contract:use'], sub: 'key:contract' }

/** Claims bind the call that they are sent with, and no other. */
export function describeCallers({ call, failure, target, backend }: ContractCase): void {
  describe('who acts', () => {
    test('a project acts with its claims, and they are there before the function runs', async () => {
      expect(await target().callAs(claims, 'contract_guarded')).toEqual(claims)
    })

    test('a project without the scope is E_FORBIDDEN', async () => {
      const error = await failure(target().callAs({ ...claims, caps: [] }, 'contract_guarded'))
      expect(error).toMatchObject({
        code: 'E_FORBIDDEN',
        details: { reason: 'forbidden_capability', scope: 'contract:use', capability: 'contract:use' },
      })
    })

    if (driverCapabilities[backend.driver].claims) {
      test('an owner is named with its request, and gets nothing by what else it claims', async () => {
        const owner = {
          role: 'owner',
          sub: 'key:o',
          requestId: 'req_1',
          project: 'contract',
          caps: ['contract:use'],
        } as const
        expect(await call('contract_identity', {}, { claims: owner })).toEqual({ sub: 'key:o', rid: 'req_1' })
      })

      test('a project is named with its request', async () => {
        const named = { ...claims, requestId: 'req_1' }
        expect(await call('contract_identity', {}, { claims: named })).toEqual({ ...claims, rid: 'req_1' })
      })

      test('claims do not outlive their call, also when many calls share few connections', async () => {
        const calls = Array.from({ length: 60 }, (_, index) =>
          call('contract_identity', {}, index % 2 === 0 ? { claims: { ...claims, sub: `key:${index}` } } : {}),
        )
        const identities = await Promise.all(calls)
        expect(identities).toEqual(
          Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? { ...claims, sub: `key:${index}` } : null)),
        )
      })

      test('nothing of the claims is left on the connection', async () => {
        await Promise.all(Array.from({ length: 20 }, () => call('contract_identity', {}, { claims })))
        const left = `select current_setting('request.jwt.claims', true) as claims, current_user, session_user`
        for (let probe = 0; probe < 10; probe++) {
          expect(await runSql(target().database, left, [])).toEqual([
            { claims: '', current_user: 'postgres', session_user: 'postgres' },
          ])
        }
      })

      test('claims of a call that failed are gone too', async () => {
        await failure(call('contract_refuse', { p_sqlstate: 'PT400' }, { claims }))
        expect(await call('contract_identity', {})).toBeNull()
      })
    } else {
      test('claims that cannot be set are refused, not ignored', async () => {
        const error = await failure(call('contract_identity', {}, { claims }))
        expect(error).toMatchObject({ code: 'E_INVALID', details: { reason: 'claims_unsupported' } })
      })

      test('an owner is not named, because its claims bind nothing', async () => {
        expect(await call('contract_answer', { p_value: 1 }, { claims: { role: 'owner', sub: 'x' } })).toBe(1)
      })
    }
  })
}
