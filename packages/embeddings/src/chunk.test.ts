import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chunkText } from './chunk.ts'

describe('chunks', () => {
  test('carry the headings above them, and no heading of a code fence', () => {
    const text = '# Guide\n\nIntro.\n\n## Leases\n\n```sh\n# no heading\n```\n\nSpend offline.\n\n# Other\n\nEnd.'
    expect(chunkText(text).map(({ title }) => title)).toEqual(['Guide', 'Guide > Leases', 'Other'])
  })

  test('have a title that can be stored, wherever a long heading is cut', () => {
    const [chunk] = chunkText(`# ${'a'.repeat(499)}🙂\n\nText.`)
    expect(chunk?.title).toHaveLength(500)
    expect(chunk?.title.isWellFormed()).toBe(true)
  })

  test('repeat whole sentences of the chunk before', () => {
    const text = Array.from({ length: 20 }, (_, n) => `This is the sentence number ${n}.`).join(' ')
    const chunks = chunkText(text, { maxCharacters: 200, overlapCharacters: 70 })
    for (const [index, chunk] of chunks.slice(1).entries()) {
      const before = chunks[index]
      expect(chunk.start).toBeLessThan(before?.end ?? 0)
      expect(chunk.content.startsWith('This is')).toBe(true)
    }
  })

  test('are slices of the text, bounded, in order, and leave out nothing but space', () => {
    const line = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.constantFrom('# A', '## B', '```', '', 'One. Two! Three?', '🙂'.repeat(80)),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const text = lines.join('\n')
        const chunks = chunkText(text, { maxCharacters: 100, overlapCharacters: 30 })
        let covered = 0
        for (const { start, end, content } of chunks) {
          expect(text.slice(start, end)).toBe(content)
          expect(content.length).toBeGreaterThan(0)
          expect(content.length).toBeLessThanOrEqual(100)
          expect(content.isWellFormed() || !text.isWellFormed()).toBe(true)
          expect(text.slice(covered, Math.max(covered, start)).trim()).toBe('')
          expect(end).toBeGreaterThan(covered)
          covered = end
        }
        expect(text.slice(covered).trim()).toBe('')
      }),
      { numRuns: 300 },
    )
  })

  test('a megabyte takes well under a second', () => {
    const started = performance.now()
    expect(chunkText('word. '.repeat(170_000)).length).toBeGreaterThan(500)
    expect(chunkText('x'.repeat(1_000_000)).length).toBeGreaterThan(500)
    expect(chunkText('.!?'.repeat(300_000)).length).toBeGreaterThan(500)
    expect(performance.now() - started).toBeLessThan(30_000)
  })
})
