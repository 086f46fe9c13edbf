import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generatedFiles } from '../scripts/generated-files.ts'

test.each(generatedFiles())('$path is fresh', ({ path, content }) => {
  expect(readFileSync(path, 'utf8'), 'stale: run `npm run generate`').toBe(content)
})
