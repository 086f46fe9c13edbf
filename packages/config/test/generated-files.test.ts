import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { generatedFiles } from '../scripts/generated-files.ts'
import { loadConfig, settings } from '../src/index.ts'

const files = generatedFiles()

test.each(files.map((file) => [file.path.split('/').at(-1), file] as const))('%s is fresh', (_, { path, content }) => {
  expect(readFileSync(path, 'utf8'), 'stale: run `npm run generate`').toBe(content)
})

test('.env.example names every variable, and its defaults load', () => {
  const uncommented = parseEnv((files[0]?.content ?? '').replaceAll(/^#(?=[A-Z])/gm, ''))
  expect(Object.keys(uncommented).sort()).toEqual(settings.map(({ variable }) => variable).sort())
  const defaults = settings.filter(({ defaultValue }) => defaultValue !== undefined)
  const env = Object.fromEntries(defaults.map(({ variable }) => [variable, uncommented[variable]]))
  expect(loadConfig({ env, cwd: '/nowhere' })).toEqual(loadConfig({ env: {}, cwd: '/nowhere' }))
})
