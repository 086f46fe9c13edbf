import { it } from 'vitest'
import { checkModel } from './model.ts'

it('500 other sequences of calls and failures keep the model of two processes', { timeout: 1_800_000 }, () =>
  checkModel({ numRuns: 500 }),
)
