import { estimateTokens } from '@core/providers/price'
import { clearMergeCache, encode } from 'gpt-tokenizer'
import { measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'

/** Words of random letters and the usual lengths: no two texts of a user are alike. */
function prose(bytes: number): string {
  let text = ''
  let state = 7
  while (text.length < bytes) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += `${state.toString(36).slice(0, 2 + (state % 6))} `
  }
  return text.slice(0, bytes)
}

/** A prompt of 16 KB beside the fastest tokenizer, and whether a text 64 times as long takes 64 times as long. */
export async function measureEstimate({ measure: options, signal }: BenchContext): Promise<Row[]> {
  const short = prose(16_384)
  const long = prose(1_048_576)
  const measured = await measure(
    [
      { name: 'estimate', run: async (count) => repeat(count, () => estimateTokens(short)) },
      { name: 'estimate, 1 MB', run: async (count) => repeat(count, () => estimateTokens(long)) },
      { name: 'gpt-tokenizer', run: async (count) => repeat(count, () => encodeCold(short)) },
    ],
    { ...options, signal },
  )
  return [
    toRow('estimate of 16 KB', 1e6 / measured.perSecond('estimate'), 'µs'),
    toRow('estimate against gpt-tokenizer', measured.ratio('estimate', 'gpt-tokenizer').middle, 'x as fast', {
      atLeast: 20,
    }),
    toRow('1 MB against 64 times 16 KB', measured.ratio('estimate', 'estimate, 1 MB').middle / 64, 'x the time', {
      atMost: 1.2,
    }),
    toRow('estimate against the tokenizer: tokens', estimateTokens(short) / encode(short).length, 'x'),
  ]
}

/** Without what it remembers of texts before: prompts differ. */
function encodeCold(text: string): number {
  clearMergeCache()
  return encode(text).length
}

function repeat(count: number, work: () => number): [] {
  for (let index = 0; index < count; index++) if (work() === 0) throw new Error('no tokens')
  return []
}
