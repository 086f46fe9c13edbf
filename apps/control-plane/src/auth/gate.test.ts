import { routes } from '@core/api'
import { expect, test } from 'vitest'
import type { Admission, Authentication } from '../limits/admission.ts'
import { createGate } from './gate.ts'

/** How the requests of a route are counted. */
function authenticationOf(contract: (typeof routes)[number]): Authentication | undefined {
  let seen: Authentication | undefined
  const admission: Partial<Admission> = {
    authenticate(_request, _reply, authentication) {
      seen = authentication
      throw new Error('refused')
    },
  }
  const gate = createGate(contract, Object({}), Object(admission), Object({}))
  const headers = { authorization: 'Bearer key', 'content-type': 'application/json', 'idempotency-key': 'key' }
  gate(Object({ headers, raw: {}, method: contract.method }), Object({}), () => undefined)
  return seen
}

test('beats alone are counted a moment later, with others', () => {
  const asked = routes.filter(({ auth }) => auth !== 'public')
  const patient = asked.filter((route) => authenticationOf(route)?.isPatient === true)
  expect(patient.map(({ operation }) => operation)).toEqual(['beatSession'])
  expect(asked.length).toBeGreaterThan(100)
})
