import { execFile, spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRoom, type RunningCore, startCoreProcess } from '../apps/cli/test/core-process.ts'
import { bundleProgram } from '../apps/control-plane/src/testing/index.ts'
import { type CodeBlock, commandsOf, readMarkdown } from './markdown.ts'
import { root } from './root.ts'

const { PATH, NODE_COMPILE_CACHE } = process.env
const heading = 'Five-minute tour'
const blocks = readMarkdown(readFileSync(join(root, 'README.md'), 'utf8')).blocks.filter(
  (block) => block.heading === heading,
)

const room = createRoom()
let running: RunningCore
let program: string
beforeAll(async () => {
  program = await bundleProgram(join(root, 'apps/cli/src/main.ts'))
  running = await startCoreProcess({ cwd: room.folder })
})
afterAll(async () => {
  await running?.stop()
  room[Symbol.dispose]()
})

test('every step of the README’s tour does what the README shows', () => {
  const steps = blocks.flatMap((block, index) => {
    if (block.language !== 'sh') return []
    const next = blocks[index + 1]
    return [{ commands: commandsOf(block).flatMap(runnable), shown: next?.language === 'json' ? next : undefined }]
  })
  expect(steps.filter(({ shown }) => shown).length).toBeGreaterThanOrEqual(4)

  // One shell for all steps, as a reader would have it: a later step uses what an earlier one has set.
  const mark = '--- end of step ---'
  const script = steps.map(({ commands }) => [...commands, `echo; echo '${mark}'`].join('\n')).join('\n')
  const { stdout, stderr, status } = spawnSync('sh', ['-eu', '-c', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: root,
    encoding: 'utf8',
    env: { PATH, NODE_COMPILE_CACHE, CORE_URL: running.url, CORE_KEY: running.keys['smart_layer'], HOME: room.folder },
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  const outputs = stdout.split(mark)
  for (const [index, { shown }] of steps.entries()) {
    if (shown) expect(JSON.parse(outputs[index] ?? '')).toMatchObject(expectation(shown))
  }
})

test('the program of the README runs, with the key of the first start', async () => {
  const text = readMarkdown(readFileSync(join(root, 'README.md'), 'utf8')).blocks.find(
    ({ language }) => language === 'ts',
  )
  // Inside a package that has the SDK.
  const file = join(root, 'examples/guides', `.readme-${process.pid}.ts`)
  writeFileSync(file, text?.text ?? '')
  try {
    const env = { PATH, NODE_COMPILE_CACHE, CORE_URL: running.url, CORE_KEY: running.keys['smart_layer'] }
    const { stdout } = await promisify(execFile)(process.execPath, [file], { env, timeout: 50_000 })
    expect(stdout).toMatch(/^true \d+ live\n$/)
  } finally {
    rmSync(file)
  }
})

/** The address and key are those of the test; the demo has a test of its own; the bootstrap is tested elsewhere. */
function runnable(command: string): string[] {
  if (/^export CORE_(URL|KEY)=/.test(command) || command === 'npm run demo') return []
  return [command.replace('node bootstrap.mjs core', `"${process.execPath}" "${program}"`)]
}

/** … matches any text. */
function expectation({ text }: CodeBlock): object {
  return JSON.parse(text, (_, value) => (value === '…' ? expect.any(String) : value))
}
