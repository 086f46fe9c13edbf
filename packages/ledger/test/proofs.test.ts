import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const table = readme.slice(readme.indexOf('## How it is proved')).split('\n').slice(2)
const rows = table.filter((line) => line.startsWith('| ')).slice(2)

/** Every title that the table names, with the file it names before it. */
const proofs = rows.flatMap((row) => {
  let file = ''
  return [...row.matchAll(/`(test\/[^`]+)`|“([^”]+)”/g)].flatMap(([, path, title]) => {
    if (path !== undefined) file = path
    return title === undefined ? [] : [[file, title] as const]
  })
})

test('the table of proofs has a row for each of (a) to (f)', () => {
  expect(rows.flatMap((row) => row.match(/^\| (\([a-f]\)) /)?.[1] ?? [])).toEqual([
    '(a)',
    '(b)',
    '(c)',
    '(d)',
    '(e)',
    '(f)',
  ])
  expect(proofs.length).toBeGreaterThanOrEqual(rows.length)
})

test.each(proofs)('%s has “%s”', (file, title) => {
  expect(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')).toContain(title)
})
