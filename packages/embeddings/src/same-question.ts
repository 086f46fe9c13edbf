/** Words that change nothing about a question. Every other word counts, in its place: order says who does what to whom. */
const fillers = new Set(['a', 'an', 'the', 'please', 'do', 'does', 'hi', 'hello', 'thanks'])

const contractions: readonly (readonly [RegExp, string])[] = [
  [/\bcan't\b/g, 'can not'],
  [/\bcannot\b/g, 'can not'],
  [/\bwon't\b/g, 'will not'],
  [/(?<=[a-z])n't\b/g, ' not'],
  [/\bi'm\b/g, 'i am'],
  [/(?<=[a-z])'re\b/g, ' are'],
  [/(?<=[a-z])'ve\b/g, ' have'],
  [/(?<=[a-z])'ll\b/g, ' will'],
  [/\b(what|who|where|when|how|it|that|there)'s\b/g, '$1 is'],
]

/** Words; numbers with their sign, point and separators; and each symbol, so that `$5` is not `5 %`, nor `C` `C++`. */
const token = /(?<![\p{L}\p{N}])[-+]?\p{N}+(?:[.,:]\p{N}+)*|[\p{L}\p{M}\p{N}]+|[\p{S}#%&*@/\\_]/gu

/**
 * Whether two questions ask the same but for case, punctuation and fillers: equal words, numbers and negations in the same
 * order. The cosine of two embeddings does not see this: it is above 0.95 for many a question and its opposite.
 */
export function isSameQuestion(one: string, other: string): boolean {
  const [left, right] = [contentOf(one), contentOf(other)]
  return left.length === right.length && left.every((word, index) => word === right[index])
}

function contentOf(question: string): string[] {
  let text = question.normalize('NFKC').toLowerCase().replaceAll('’', "'")
  for (const [written, spoken] of contractions) text = text.replace(written, spoken)
  const words = text.match(token) ?? []
  const content = words.filter((word) => !fillers.has(word))
  return content.length > 0 ? content : words
}
