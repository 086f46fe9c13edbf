import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))
const folder = join(here, '../../docs/guides')
/** Inside this package, so that the programs find the packages they import. */
const programs = join(here, '.programs')
const pages = (await readdir(folder)).filter((name) => name.endsWith('.md'))
const guides: string[] = []
for (const name of pages) if (block(await readFile(join(folder, name), 'utf8'), 'ts')) guides.push(name)

function block(page: string, language: string): string | undefined {
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1]
}

it('no guide hides its program from this test behind another name of the language', async () => {
  for (const name of pages)
    expect(block(await readFile(join(folder, name), 'utf8'), 'typescript'), name).toBeUndefined()
})

describe('one after another on one database, the code of each guide prints what the guide says', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(async () => {
    await database.drop()
    await rm(programs, { recursive: true, force: true })
  })

  it.each(guides)('%s', { timeout: 180_000 }, async (name) => {
    const page = await readFile(join(folder, name), 'utf8')
    const program = join(programs, name.replace('.md', '.ts'))
    await mkdir(programs, { recursive: true })
    await writeFile(program, block(page, 'ts') ?? '')
    const { stdout } = await promisify(execFile)(process.execPath, [program], {
      env: { ...process.env, CORE_DATABASE_URL: database.url },
      timeout: 90_000, // programs that run a control plane start slowly on a busy machine
    })
    expect(stdout).toBe(block(page, 'text'))
  })
})
