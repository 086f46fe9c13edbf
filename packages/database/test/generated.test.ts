import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { generateDatabaseTypes } from '../src/generate/generate-database-types.ts'

test('src/generated is what the migrations make (npm run generate)', async () => {
  for (const { name, text } of await generateDatabaseTypes()) {
    expect(await readFile(new URL(`../src/generated/${name}`, import.meta.url), 'utf8'), name).toBe(text)
  }
})
