import { expect, test } from 'vitest'
import type { Space } from '../../src/index.ts'
import type { EmbeddingsUnderTest } from '../embeddings-under-test.ts'
import { docsQuestions } from './docs-questions.ts'
import { heldOutQuestions } from './held-out-questions.ts'
import { readDocs } from './read-docs.ts'

type Question = readonly [question: string, ...pages: string[]]

/** What the local model finds of what it was tuned on; `describeHeldOutSearch` shows what that is worth elsewhere. */
export function describeDocsSearch(open: () => EmbeddingsUnderTest): void {
  test('the local model finds the page of nine in ten questions it was tuned on among three hits', async () => {
    const space = await openDocs(open())
    const missed = await findMissed(space, docsQuestions)
    expect(docsQuestions.length).toBeGreaterThanOrEqual(30)
    expect(missed.length, missed.join('\n')).toBeLessThanOrEqual(docsQuestions.length / 10)
    const [first] = (await space.search('how do I spend offline', { k: 1 })).hits
    expect(first?.document).toBe('guides/spend-offline.md')
  })
}

export function describeHeldOutSearch(open: () => EmbeddingsUnderTest): void {
  test('the local model finds the page of more than half of the questions it was not tuned on', async () => {
    const missed = await findMissed(await openDocs(open()), heldOutQuestions)
    expect(heldOutQuestions.length).toBeGreaterThanOrEqual(60)
    expect(missed.length, missed.join('\n')).toBeLessThanOrEqual(heldOutQuestions.length * 0.46)
  })
}

async function openDocs(under: EmbeddingsUnderTest): Promise<Space> {
  const space = (await under.embeddings()).space('docs')
  const { added } = await space.upsert(await readDocs())
  expect(added).toBeGreaterThan(200)
  return space
}

async function findMissed(space: Space, questions: readonly Question[]): Promise<string[]> {
  const missed: string[] = []
  for (const [question, ...pages] of questions) {
    const { hits } = await space.search(question, { k: 3, onePerDocument: true })
    const found = hits.map(({ document }) => document)
    if (!found.some((document) => pages.includes(document))) missed.push(`${question}: ${found.join(', ')}`)
  }
  return missed
}
