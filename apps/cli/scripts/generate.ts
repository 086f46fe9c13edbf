// Writes docs/reference/cli.md from the verbs; with --check it only says whether the file is stale and exits 1.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { renderReference } from './render-reference.ts'

const file = fileURLToPath(new URL('../../../docs/reference/cli.md', import.meta.url))
const content = renderReference()
if (!existsSync(file) || readFileSync(file, 'utf8') !== content) {
  const isCheck = process.argv.includes('--check')
  process.stderr.write(`${isCheck ? 'stale' : 'written'}: ${file}\n`)
  if (isCheck) process.exitCode = 1
  else writeFileSync(file, content)
}
