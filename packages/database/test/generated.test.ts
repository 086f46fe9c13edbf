import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { generateDatabaseTypes } from '../src/generate/generate-database-types.ts'
import { generateMigrations, listSchemaFolders } from '../src/generate/generate-migrations.ts'

const supabase = fileURLToPath(new URL('../../../supabase/', import.meta.url))
const schemas = `${supabase}schemas`

test('supabase/migrations is what the schemas make, and nothing else (npm run generate)', async () => {
  const made = await generateMigrations(schemas)
  expect(await readdir(`${supabase}migrations`)).toEqual(made.map(({ name }) => name))
  for (const { name, text } of made) {
    expect(await readFile(`${supabase}migrations/${name}`, 'utf8'), name).toBe(text)
  }
})

test('the Supabase CLI reads the schemas in the order in which they are applied', async () => {
  const config = await readFile(`${supabase}config.toml`, 'utf8')
  const listed = [...config.matchAll(/^ {2}"\.\/schemas\/(.+)\/\*\.sql",$/gm)].map(([, folder]) => folder)
  expect(listed).toEqual(await listSchemaFolders(schemas))
})

test('src/generated is what the migrations make (npm run generate)', async () => {
  for (const { name, text } of await generateDatabaseTypes()) {
    expect(await readFile(new URL(`../src/generated/${name}`, import.meta.url), 'utf8'), name).toBe(text)
  }
})
