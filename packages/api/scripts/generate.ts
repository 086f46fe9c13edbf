// Writes the generated files of this package; with --check it only names the stale ones and exits 1.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { generatedFiles } from './generated-files.ts'

const stale = generatedFiles().filter(
  ({ path, content }) => !existsSync(path) || readFileSync(path, 'utf8') !== content,
)
const isCheck = process.argv.includes('--check')
for (const { path, content } of stale) {
  process.stderr.write(`${isCheck ? 'stale' : 'written'}: ${path}\n`)
  if (isCheck) continue
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}
if (isCheck && stale.length > 0) process.exitCode = 1
