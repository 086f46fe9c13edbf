import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { driverCapabilities } from './driver-capabilities.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test.each(Object.entries(driverCapabilities))('the README lists what %s can do', (driver, capabilities) => {
  const row = readme.split('\n').find((line) => line.startsWith(`| \`${driver}\``))
  const cells = row
    ?.split('|')
    .map((cell) => cell.trim())
    .slice(3, -1)
  const { claims, listen, stopsStatements, manyProcesses, migrates } = capabilities
  const declared = [claims, listen, stopsStatements, manyProcesses, migrates]
  expect(cells).toEqual(declared.map((can) => (can ? 'yes' : 'no')))
})
