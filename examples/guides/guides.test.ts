import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))
const folder = join(here, '../../docs/guides')
/** Inside this package, so that the programs find the packages they import. */
const programs = join(here, '.programs')
const names = (await readdir(folder)).filter((name) => name.endsWith('.md'))
const pages = new Map<string, string>()
for (const name of names) pages.set(name, await readFile(join(folder, name), 'utf8'))
/** Its program needs types that are generated first: generate-a-client.test.ts runs it. */
const elsewhere = 'generate-a-client.md'
const guides = names.filter((name) => name !== elsewhere && block(name, 'ts'))

function block(name: string, language: string): string | undefined {
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(pages.get(name) ?? '')?.[1]
}

it('no guide hides its program from this test behind another name of the language', () => {
  for (const name of names) expect(block(name, 'typescript'), name).toBeUndefined()
})

describe('one after another on one database, the code of each guide prints what the guide says', () => {
  /** In the order of the guides. */
  let printed: string[]
  let end: { code: unknown; stderr: string }
  beforeAll(async () => {
    await using database = await createTestDatabase()
    await mkdir(programs, { recursive: true })
    const files = guides.map((name) => join(programs, name.replace('.md', '.ts')))
    for (const [index, name] of guides.entries()) await writeFile(files[index] ?? '', block(name, 'ts') ?? '')
    const env = { ...process.env, CORE_DATABASE_URL: database.url }
    await new Promise<void>((resolve) => {
      const words = [join(here, 'run-programs.ts'), ...files]
      execFile(process.execPath, words, { env, timeout: 230_000 }, (error, stdout, stderr) => {
        printed = stdout.split('\0')
        end = { code: error === null ? 0 : (error.signal ?? error.code), stderr }
        resolve()
      })
    })
  })
  afterAll(() => rm(programs, { recursive: true, force: true }))

  it.each(guides)('%s', (name) => {
    expect(printed[guides.indexOf(name)], end.stderr).toBe(block(name, 'text'))
  })

  it('and none of them fails, or leaves anything open that keeps its process from ending', () => {
    expect(end.code, end.stderr).toBe(0)
  })
})
