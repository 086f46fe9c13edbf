import { z } from 'zod'
import { amountOrZeroField, balanceField, queryInteger, timestampField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'

const hash = 'c0535e4be2b79ffd93291305436bf889314e4a3faec05ecffcbb7df31ad9e51a'
const hashField = z.string().describe('SHA-256 in hex: of the block before and of the rows of this one')

export const sealLedger = defineRoute({
  operation: 'sealLedger',
  method: 'POST',
  path: '/v1/system/seal',
  noun: 'ledger',
  summary: 'Seal the journal rows that are final, now',
  description:
    'The control plane does so in the background; this is for before a backup. One call seals about 10,000 rows: call again while sealed is not 0. Sealing twice seals nothing twice.',
  auth: 'ledger:operate',
  idempotencyKey: 'required',
  input: noInput,
  outputs: {
    200: z
      .object({
        sealed: z.int().describe('How many rows; 0: nothing was left, or another one seals right now'),
        busy: z.boolean().optional().describe('true: another one seals right now'),
        lastTx: z.int().optional().describe('The last journal row that is covered'),
        hash: hashField.optional(),
      })
      .meta({ id: 'Seal' }),
  },
  problems: ['not_found'],
  examples: [{ title: 'A new block', status: 200, response: { sealed: 212, lastTx: 212, hash } }],
})

export const verifyLedger = defineRoute({
  operation: 'verifyLedger',
  method: 'GET',
  path: '/v1/system/verify',
  noun: 'ledger',
  summary: 'Check the chain of seals against the journal, and name the first block that does not fit',
  description:
    'Reads every sealed row. Compare head with one kept elsewhere (the events of ledger.seal carry it) to see that the chain was not rewritten as a whole.',
  auth: 'ledger:operate',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    query: z.strictObject({
      from: queryInteger(0, Number.MAX_SAFE_INTEGER).default(0).describe('The block to begin with, a whole number'),
    }),
  },
  outputs: {
    200: z
      .object({
        valid: z.boolean().describe('Whether every block verifies'),
        blocks: z.int().describe('How many fit'),
        transactions: z.int().optional().describe('How many journal rows were checked'),
        head: hashField.nullable().optional(),
        lastTx: z.int().nullable().optional().describe('The last journal row that is covered'),
        badBlock: z
          .object({
            id: z.int().describe('The number of the block'),
            firstTx: z.int().describe('The first journal row of the block'),
            lastTx: z.int().describe('The last journal row that is covered'),
            sealedAt: timestampField,
            fault: z.string().describe('Why the block does not verify'),
          })
          .optional()
          .describe('The first block that does not verify'),
      })
      .meta({ id: 'Verification' }),
  },
  problems: ['not_found'],
  examples: [
    {
      title: 'Nothing was touched',
      status: 200,
      response: { valid: true, blocks: 1, transactions: 212, head: hash, lastTx: 212 },
    },
  ],
})

export const getLedgerStats = defineRoute({
  operation: 'getLedgerStats',
  method: 'GET',
  path: '/v1/system/ledger-stats',
  noun: 'ledger',
  summary: 'Gauges of the ledger: what is held, what is due, how far it is sealed',
  auth: 'ledger:operate',
  idempotencyKey: 'none',
  input: noInput,
  outputs: {
    200: z
      .object({
        accounts: z.int().describe('How many accounts there are'),
        frozen: z.int().describe('Accounts that are frozen'),
        inDebt: z.int().describe('Accounts with less than nothing available'),
        balance: balanceField.describe('All credits that were granted and not charged'),
        held: amountOrZeroField,
        openHolds: z.int().describe('How many holds are open'),
        dueHolds: z.int().describe('Open, and past their time: the sweep takes them'),
        oldestDueSeconds: z.number().describe('For how many seconds the oldest expired hold has waited to be closed'),
        transactions: z.int().describe('The number of the last journal row'),
        sealedTx: z.int().describe('The last row that is sealed'),
        sealedAt: timestampField.nullable(),
        alerts: z.int().describe('The number of the last alert'),
      })
      .meta({ id: 'LedgerStats' }),
  },
  problems: ['not_found'],
  examples: [
    {
      title: 'A quiet hour',
      status: 200,
      response: {
        accounts: 3,
        frozen: 0,
        inDebt: 0,
        balance: 919_500_000,
        held: 2_500_000,
        openHolds: 1,
        dueHolds: 0,
        oldestDueSeconds: 0,
        transactions: 212,
        sealedTx: 208,
        sealedAt: '2026-11-20T09:30:00+00:00',
        alerts: 1,
      },
    },
  ],
})
