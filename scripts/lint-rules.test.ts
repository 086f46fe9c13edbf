import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from './root.ts'

// What the linter checks of the house, shown red: a setting that no longer works would be noticed by nothing else.

/** The names of the rules that a folder with these files breaks, by the settings of this repository. */
function brokenRules(files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'core-lint-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const settings = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
  // A folder outside of git has no list of ignored files.
  writeFileSync(
    join(folder, 'biome.json'),
    JSON.stringify({ ...settings, $schema: undefined, vcs: { enabled: false } }),
  )
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const biome = join(root, 'node_modules', '.bin', 'biome')
  const { stdout, stderr } = spawnSync(biome, ['lint', '--colors=off', '.'], { cwd: folder, encoding: 'utf8' })
  return [...new Set((stdout + stderr).match(/(?<=lint\/\w+\/)\w+/g))].sort()
}

test.each([
  ['any', 'noExplicitAny', 'export const x: any = 1\n'],
  ['a default export', 'noDefaultExport', 'export default 1\n'],
  ['a type imported as a value', 'useImportType', `import { X } from './x.ts'\nexport type Y = X\n`],
  ['a module of Node without node:', 'useNodejsImportProtocol', `import 'fs'\n`],
])('%s is a fault', (_, rule, text) => {
  expect(brokenRules({ 'a.ts': text, 'x.ts': 'export interface X {\n  x: 1\n}\n' })).toContain(rule)
})
