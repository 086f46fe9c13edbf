// Writes src/price/generated/genai-cards.ts from @pydantic/genai-prices (MIT). With --check it writes nothing and fails
// when the file is stale.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { generateCards } from './generate-cards.ts'

const path = fileURLToPath(new URL('../src/price/generated/genai-cards.ts', import.meta.url))
const { source, cards } = await generateCards()
const lines = cards.map((card) =>
  JSON.stringify(card).replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('$', '\\$'),
)
const text = `// Written by packages/providers/scripts/generate.ts. Do not edit.
export const genaiSource = '${source}'
export const genaiCards = \`[
${lines.join(',\n')}
]\`
`
const isFresh = (await readFile(path, 'utf8').catch(() => '')) === text
if (!isFresh && process.argv.includes('--check')) {
  process.stderr.write('src/price/generated/genai-cards.ts is stale\n')
  process.exit(1)
}
if (!isFresh) {
  await mkdir(fileURLToPath(new URL('../src/price/generated/', import.meta.url)), { recursive: true })
  await writeFile(path, text)
}
