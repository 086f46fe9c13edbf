import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { shortLived } from '@core/database/testing'
import { expect } from 'vitest'

const run = promisify(execFile)
const main = join(import.meta.dirname, 'main.ts')

/** `node bench/main.ts` with those arguments. */
export const bench = (...args: string[]) =>
  run(process.execPath, [...shortLived, main, ...args], { maxBuffer: 16 * 2 ** 20 })

/** Fails unless the file holds rows as a report promises them. */
export async function expectRows(file: string): Promise<string[]> {
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

export const nouns = readdirSync(import.meta.dirname).filter((name) =>
  existsSync(join(import.meta.dirname, name, 'suite.ts')),
)

/** A quick run of the noun prints a table and writes rows beside what they were measured on. */
export async function expectQuickRun(noun: string): Promise<void> {
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
}
