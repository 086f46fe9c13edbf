import { z } from 'zod'
import { accountField, amountOrZeroField, projectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'

const violation = z.object({
  check: z.string().describe('The invariant that does not hold'),
  subject: z.string().describe('The account, hold, window or transaction it does not hold for'),
  found: z.unknown().describe('What was found'),
})

const auditFields = {
  clean: z.boolean().describe('true: no violation was found'),
  violations: z.array(violation).describe('At most 100'),
  accounts: z.int().describe('How many were audited'),
  transactions: z.int().describe('How many journal rows they have'),
}

export const auditLedger = defineRoute({
  operation: 'auditLedger',
  method: 'GET',
  path: '/v1/system/ledger-audit',
  noun: 'audit',
  summary: 'Recompute every invariant of the whole ledger from its rows',
  description: 'Reads everything: for once a night and after incidents, not for a dashboard.',
  auth: 'ledger:operate',
  idempotencyKey: 'none',
  input: noInput,
  outputs: {
    200: z
      .object({
        ...auditFields,
        issued: amountOrZeroField.describe('All credits that were ever granted'),
        spent: amountOrZeroField.describe('All credits that were ever charged'),
      })
      .meta({ id: 'LedgerAudit' }),
  },
  // To who is bound to a project the whole ledger does not exist.
  problems: ['not_found'],
  examples: [
    {
      title: 'A clean ledger',
      status: 200,
      response: {
        clean: true,
        violations: [],
        accounts: 5,
        transactions: 212,
        issued: 1_000_000_000,
        spent: 80_500_000,
      },
    },
  ],
})

export const auditAccount = defineRoute({
  operation: 'auditAccount',
  method: 'GET',
  path: '/v1/projects/{project}/accounts/{code}/audit',
  noun: 'audit',
  summary: 'Recompute every invariant of an account, of all below it, and of the purses they draw on',
  auth: 'ledger:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: z.strictObject({ project: projectField, code: accountField }) },
  outputs: { 200: z.object(auditFields).meta({ id: 'AccountAudit' }) },
  problems: ['account_not_found'],
  examples: [
    {
      title: 'A clean account',
      params: { project: 'current', code: 'smart_layer' },
      status: 200,
      response: { clean: true, violations: [], accounts: 3, transactions: 180 },
    },
  ],
})
