import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bench, expectQuickRun, expectRows, nouns } from './expect-quick-run.ts'
import { toMarkdown } from './readme.ts'

/** The parts that take little. All of every noun runs in `bench.soak.test.ts`. */
const parts: Readonly<Record<string, readonly string[]>> = {
  ledger: ['batch'],
  coordinator: ['messages'],
  router: ['choice'],
}

test('--list names the nouns', async () => {
  const { stdout } = await bench('--list')
  expect(stdout.trim().split('\n').sort()).toEqual([...nouns].sort())
  expect(nouns).toContain('ledger')
})

test('an unknown noun is refused with the known ones', async () => {
  await expect(bench('weather')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('ledger') })
})

test.each(nouns.filter((noun) => !(noun in parts)))(
  '%s loads, and refuses a part that it does not have',
  async (noun) => {
    await expect(bench(noun, '--quick', '--only', 'weather')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('weather'),
    })
  },
)

// Together: the figures mean nothing here, and each waits for servers and sockets most of the time.
describe.concurrent('a quick run', { timeout: 400_000 }, () => {
  test('providers: prints a table and writes rows', () => expectQuickRun('providers'))

  test.each(Object.entries(parts))('%s: a part prints a table', async (noun, only) => {
    const { stdout } = await bench(noun, '--quick', ...only.flatMap((part) => ['--only', part]))
    expect(stdout).toMatch(/\d/)
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
