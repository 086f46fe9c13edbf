import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { toMarkdown } from './readme.ts'

const run = promisify(execFile)
const main = join(import.meta.dirname, 'main.ts')
const bench = (...args: string[]) => run(process.execPath, [main, ...args], { maxBuffer: 16 * 2 ** 20 })

/** Fails unless the file holds rows as a report promises them. */
async function expectRows(file: string): Promise<string[]> {
  const rows: unknown = JSON.parse(await readFile(file, 'utf8'))
  if (!Array.isArray(rows) || rows.length === 0) throw new Error(`${file} holds no rows`)
  for (const row of rows) {
    expect(row).toEqual({
      name: expect.any(String),
      figure: expect.any(Number),
      unit: expect.any(String),
      goal: row.goal === null ? null : expect.stringMatching(/^[<>]= \d+(\.\d+)?$/),
      met: row.goal === null ? null : expect.any(Boolean),
    })
    if (row.goal !== null) expect(row.met, row.name).toBe(reaches(row.figure, row.goal))
  }
  return rows.map((row) => row.name)
}

function reaches(figure: number, goal: string): boolean {
  const limit = Number(goal.slice(3))
  return goal.startsWith('>') ? figure >= limit : figure <= limit
}

test('--list names the nouns', async () => {
  const { stdout } = await bench('--list')
  expect(stdout.trim().split('\n').sort()).toEqual([...nouns].sort())
  expect(nouns).toContain('ledger')
})

test('an unknown noun is refused with the known ones', async () => {
  await expect(bench('weather')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('ledger') })
})

const nouns = readdirSync(import.meta.dirname).filter((name) => existsSync(join(import.meta.dirname, name, 'suite.ts')))

// Together: the figures mean nothing here, and each waits for servers and sockets most of the time.
describe.concurrent.each(nouns)('%s', { timeout: 400_000 }, (noun) => {
  test('a quick run prints a table and writes rows beside what they were measured on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'core-bench-test-'))
    try {
      const { stdout } = await bench(noun, '--quick', '--out', folder)
      for (const name of await expectRows(join(folder, `${noun}.json`))) expect(stdout).toContain(name)
      expect(JSON.parse(await readFile(join(folder, 'runs', `${noun}.json`), 'utf8'))).toMatchObject({
        date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        command: expect.stringContaining('--quick'),
        node: process.version,
        machine: { cores: expect.any(Number), syncMs: expect.any(Number) },
        subjects: expect.any(Object),
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

test('the results that are kept have the shape of a report, with a figure for every noun', async () => {
  const results = join(import.meta.dirname, 'results')
  const files = (await readdir(results)).filter((name) => name.endsWith('.json'))
  expect(files.sort()).toEqual(nouns.map((noun) => `${noun}.json`).sort())
  for (const file of files) await expectRows(join(results, file))
})

test('the README shows the results that are kept', async () => {
  const readme = await readFile(join(import.meta.dirname, 'README.md'), 'utf8')
  for (const noun of nouns) {
    const read = async (path: string) => JSON.parse(await readFile(join(import.meta.dirname, 'results', path), 'utf8'))
    const shown = toMarkdown(await read(`${noun}.json`), await read(`runs/${noun}.json`))
    expect(readme).toContain(shown)
    if (noun === 'capacity')
      expect(await readFile(join(import.meta.dirname, '../docs/operations/capacity.md'), 'utf8')).toContain(shown)
  }
})
