import { Script } from 'node:vm'
import { expect, test } from 'vitest'
import { docsScript } from './script.ts'
import { docsStyle } from './style.ts'

test('the script is one that parses, and neither it nor the style ends its element', () => {
  expect(() => new Script(docsScript)).not.toThrow()
  for (const text of [docsScript, docsStyle]) expect(text).not.toMatch(/<\/|<!--/)
})
