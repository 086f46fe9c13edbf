import { it } from 'vitest'
import { checkModel } from './model.ts'

it('a process reads what it changed, and after failures both read what is', { timeout: 180_000 }, () =>
  checkModel({ numRuns: 15, seed: 7 }),
)
