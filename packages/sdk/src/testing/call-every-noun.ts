import type { Core } from '../core.ts'
import { callCoordination } from './call-coordination.ts'
import { callLedger } from './call-ledger.ts'
import { callValues } from './call-values.ts'
import { createRecorder } from './recorder.ts'

/**
 * Calls every noun of a core, and answers what each call was answered, by its name, without ids and times: on two equal
 * databases the answers are equal, whatever the connection and the runtime. It leaves things in the project: for tests.
 */
export async function callEveryNoun(
  core: Core,
  /** Another registered project: messages go to it, and what is its own has to be out of reach. */
  other: string,
): Promise<Readonly<Record<string, unknown>>> {
  const recorder = createRecorder()
  await callLedger(core, other, recorder)
  await callValues(core, other, recorder)
  await callCoordination(core, other, recorder)
  return recorder.answers
}
