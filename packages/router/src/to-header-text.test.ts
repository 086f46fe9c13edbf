import { expect, test } from 'vitest'
import { toHeaderText } from './to-header-text.ts'

test.each([
  ['openai/gpt-5', 'openai/gpt-5'],
  ['a/100%', 'a/100%'],
  ['ollama/模型:7b', 'ollama/%E6%A8%A1%E5%9E%8B:7b'],
  ['a/b\n\ndata: c', 'a/b%0A%0Adata:%20c'],
  ['a/\ud800', 'a/%EF%BF%BD'],
])('%j is %s', (name, text) => {
  expect(toHeaderText(name)).toBe(text)
  expect(new Headers({ name: text }).get('name')).toBe(text)
})
