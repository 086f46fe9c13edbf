import { type BatchOperation, isProblemCode, problems, runBatch } from '@core/api'
import { isCoreError } from '@core/foundation'
import type { Command } from 'commander'
import { z } from 'zod'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../../effect.ts'
import { type ExitCode, exitCodeOfStatus, exitCodes } from '../../exit-code.ts'
import { readJson } from '../../read-json.ts'
import type { Verbs } from '../../verbs.ts'
import { type BatchResult, batchResults, batchTable } from './view/batch.ts'

const { body } = runBatch.input
/** A list of operations, or what the API takes. */
const input = z.preprocess((value) => (Array.isArray(value) ? { ops: value } : value), body)

export function addCreditsBatch(credits: Command, { session, exit }: Verbs): void {
  credits
    .command('batch')
    .description('run up to 1000 operations in one call; exits 6 when one of them was denied: insufficient credits')
    .argument('[file]', 'a JSON list of operations, amounts in micro-credits; - or omitted: standard input', '-')
    .option('--atomic', 'all or nothing')
    .addOption(idempotencyKeyOption())
    .action(async (file: string, { atomic, ...options }: EffectOptions & { atomic?: boolean }) => {
      const current = session()
      const batch = await readJson(current, file, 'the operations', input)
      const { client, target } = await current.connect()
      const send = {
        params: { project: target.project ?? 'current' },
        body: { ...batch, atomic: atomic ?? batch.atomic },
      }
      const print = (results: readonly BatchResult[]) => {
        current.output.data({ results }, () => batchTable(results, batch.ops, current))
        exit(exitCodeOfResults(results, batch.ops))
      }
      try {
        const { results } = await withKey(current, options, (call) => client.runBatch(send, call))
        print(batchResults.parse(results))
      } catch (error) {
        const undone = isCoreError(error) ? batchResults.safeParse(error.details['results']) : undefined
        if (!undone?.success) throw error
        current.output.info('core: nothing was applied: an operation of the batch was not accepted')
        print(undone.data)
      }
    })
}

/** Of the first that was refused; but insufficient credits or budget come first, because waiting fixes them. */
function exitCodeOfResults(results: readonly BatchResult[], ops: readonly Pick<BatchOperation, 'op'>[]): ExitCode {
  const codes = results.filter(({ ok, code }) => !ok && code !== 'not_applied').map(({ code = '' }) => code)
  const exits = codes.map((code) => (isProblemCode(code) ? exitCodeOfStatus(problems[code].status) : exitCodes.failure))
  if (exits.includes(exitCodes.limit)) return exitCodes.limit
  return exits[0] ?? (results.length === ops.length ? exitCodes.ok : exitCodes.failure)
}
