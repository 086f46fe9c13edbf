import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { docsQuestions } from './docs-questions.ts'
import { openEmbeddings } from './embeddings-under-test.ts'

vi.setConfig({ testTimeout: 120_000 })

const folder = join(import.meta.dirname, '../../../docs')

/** As `core embeddings ingest` makes it: the words of the path. */
const toTitle = (id: string) => id.replace(/\.\w+$/, '').replaceAll(/[-_/]+/g, ' ')

test('the local model finds the page of at least nine in ten questions about these documents among three hits', async () => {
  await using on = await openEmbeddings()
  const space = (await on.embeddings()).space('docs')
  const paths = await Array.fromAsync(glob('**/*.md', { cwd: folder }))
  const documents = await Promise.all(
    paths.sort().map(async (id) => ({ id, title: toTitle(id), text: await readFile(join(folder, id), 'utf8') })),
  )
  const { added } = await space.upsert(documents)
  expect(added).toBeGreaterThan(200)

  const missed: string[] = []
  for (const [question, ...pages] of docsQuestions) {
    const { hits } = await space.search(question, { k: 3, onePerDocument: true })
    const found = hits.map(({ document }) => document)
    if (!found.some((document) => pages.includes(document))) missed.push(`${question}: ${found.join(', ')}`)
  }
  expect(docsQuestions.length).toBeGreaterThanOrEqual(30)
  expect(missed.length, missed.join('\n')).toBeLessThanOrEqual(docsQuestions.length / 10)
  const [first] = (await space.search('how do I spend offline', { k: 1 })).hits
  expect(first?.document).toBe('guides/spend-offline.md')

  // Nothing changed: no call of the model, no write.
  expect(await space.upsert(documents)).toMatchObject({ added: 0, updated: 0, skipped: added, calls: 0 })
})
