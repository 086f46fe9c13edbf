// Writes clients/python/core.py from the signatures of core_api; with --check it compares.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toPythonClient } from './python-client.ts'

const file = fileURLToPath(new URL('../../../clients/python/core.py', import.meta.url))
const text = toPythonClient()
if (!process.argv.includes('--check')) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
} else if (read() !== text) {
  process.stderr.write('clients/python/core.py is stale\n')
  process.exitCode = 1
}

function read(): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
