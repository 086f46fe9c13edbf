import { test } from 'vitest'
import { expectQuickRun, nouns } from './expect-quick-run.ts'

test.each(nouns)('%s: a quick run of every part prints a table and writes rows', { timeout: 400_000 }, expectQuickRun)
