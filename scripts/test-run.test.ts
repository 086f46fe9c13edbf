import { spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from './root.ts'

// The runner of `npm test` on a small tree of its own, with this repository's compiler, linter and vitest.

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'core-run-'))
  for (const file of ['biome.json', 'tsconfig.base.json', 'tsconfig.json', 'vitest.workspace.ts', '.gitignore']) {
    cpSync(join(root, file), join(folder, file))
  }
  for (const file of ['test.ts', 'root.ts', 'tree.ts', 'compiler-environment.ts', 'test-run']) {
    cpSync(join(root, 'scripts', file), join(folder, 'scripts', file), {
      recursive: true,
      filter: (path) => !path.endsWith('.test.ts'),
    })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  mkdirSync(join(folder, 'supabase'))
  write('package.json', '{\n  "type": "module"\n}\n')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a run of every fault counts, shows and names each, without colour in CI, and leaves nothing', () => {
  write('packages/a/type.ts', `export const amount: number = 'ten'\n`)
  write('packages/a/lint.ts', `export const b: any = 'not formatted';`)
  write(
    'packages/a/a.test.ts',
    `import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'

test('adds', () => expect(1 + 1).toBe(2))
test('fails in colour', () => expect(mkdtempSync(\`\${tmpdir()}/kept-\`)).toBe(''))
test('needs a device', ({ skip }) => skip('there is no device'))
test('litters', () => {
  spawn('sleep', ['54321'], { detached: true, stdio: 'ignore' }).unref()
  writeFileSync('litter.txt', '')
})
`,
  )
  write('packages/a/missing.test.ts', `import './missing.ts'\n`)
  write(
    'packages/a/hook.test.ts',
    `import { beforeAll, describe, test } from 'vitest'

describe('hook', () => {
  beforeAll(() => {
    throw new Error('no')
  })
  test('never runs', () => {})
})
`,
  )
  write(
    'packages/a/late.test.ts',
    `import { test } from 'vitest'

test('passes', () => {
  Promise.reject(new Error('late'))
})
`,
  )
  const temporary = mkdtempSync(join(folder, 'tmp-'))
  const { status, lines, stdout, stderr } = run([], { CI: 'true', FORCE_COLOR: '1', TMPDIR: temporary })

  // Passed: adds, litters, passes. Failed: types, lint, a test, a file, a hook, a rejection, what is left behind.
  expect(lines.at(-1)).toBe('tests: 3 passed, 7 failed, 2 skipped')
  expect(status).toBe(1)
  for (const verdict of ['types      FAILED', 'lint       FAILED', 'vitest     FAILED', 'leftovers  FAILED']) {
    expect(stdout).toContain(verdict)
  }
  expect(stdout.indexOf('TS2322')).toBeGreaterThan(stdout.indexOf('leftovers  FAILED')) // last, where it is read
  expect(stdout).toContain('noExplicitAny')
  expect(stdout).toMatch(/^slow +\d+\.\d s {2}a\/a\.test\.ts$/m)
  expect(stdout).toMatch(/^skipped +a: a\.test\.ts > needs a device \(there is no device\)$/m)
  expect(stdout + stderr).not.toContain('\u001b')
  expect(stderr).toContain('fails in colour')
  expect(readdirSync(temporary)).toEqual([])
  expect(stdout).toMatch(/^left behind: .*litter\.txt$/m)
  if (!existsSync('/proc/self/environ')) return // only Linux shows which run a process belongs to
  const ended = /still running, ended now: (\d+) sleep 54321/.exec(stdout)
  expect(ended).not.toBeNull()
  expect(isRunning(ended?.[1])).toBe(false)
})

test('--static runs no test, --soak only the long ones, and further words go to vitest', () => {
  write('packages/a/a.test.ts', `import { test } from 'vitest'\n\ntest('one', () => {})\ntest('two', () => {})\n`)
  write('packages/a/a.soak.test.ts', `import { test } from 'vitest'\n\ntest('long', () => {})\n`)
  expect(run(['--static']).lines.at(-1)).toBe('tests: 2 passed, 0 failed, 0 skipped')
  passStaticSteps()
  expect(run(['--soak']).lines.at(-1)).toBe('tests: 2 passed, 0 failed, 0 skipped')
  const named = run(['-t', 'two'])
  expect(named.lines.at(-1)).toBe('tests: 4 passed, 0 failed, 0 skipped') // types, lint and leftovers are three of them
  expect(named.status).toBe(0)
  const none = run(['no-such-file'])
  expect(none.lines.at(-1)).toBe('tests: 3 passed, 1 failed, 0 skipped')
  expect(none.status).toBe(1)
})

test('a signal ends the run, what it started, and its temporary files', async () => {
  passStaticSteps()
  write(
    'packages/a/a.test.ts',
    `import { spawn } from 'node:child_process'
import { test } from 'vitest'

test('takes long', async () => {
  spawn('sleep', ['65432'], { detached: true, stdio: 'ignore' }).unref()
  console.log('begun')
  await new Promise((resolve) => setTimeout(resolve, 60_000))
})
`,
  )
  const temporary = mkdtempSync(join(folder, 'tmp-'))
  const child = spawn(process.execPath, [join(folder, 'scripts/test.ts')], {
    cwd: folder,
    env: { ...cleanEnvironment(), TMPDIR: temporary },
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (!output.includes('begun') && `${output}${text}`.includes('begun')) child.kill('SIGTERM')
    output += text
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect(code).toBe(1)
  expect(output).toContain('stopped by SIGTERM')
  expect(readdirSync(temporary)).toEqual([])
  if (existsSync('/proc/self/environ')) expect(output).toMatch(/still running, ended now: \d+ sleep 65432/)
})

function write(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content)
}

/** From here on the compiler and the linter find nothing and take no time: for runs that are not about them. */
function passStaticSteps(): void {
  const modules = join(folder, 'node_modules')
  rmSync(modules)
  mkdirSync(join(modules, '.bin'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  for (const name of ['tsc', 'biome']) {
    writeFileSync(join(modules, '.bin', name), '#!/bin/sh\n', { mode: 0o755 })
  }
}

/** A zombie (state Z: ended, its parent has not waited for it yet) is not running either. */
function isRunning(pid: string | undefined): boolean {
  const file = `/proc/${pid}/stat`
  return existsSync(file) && !readFileSync(file, 'utf8').includes(') Z ')
}

function run(args: string[] = [], env: Record<string, string> = {}) {
  const result = spawnSync(process.execPath, [join(folder, 'scripts/test.ts'), ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...cleanEnvironment(), CORE_TEST_GRACE_MS: '500', ...env }, // what is left here never ends
  })
  return { ...result, lines: result.stdout.trimEnd().split('\n') }
}

/** Without what the vitest that runs this very file has set. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { VITEST, VITEST_MODE, VITEST_POOL_ID, VITEST_WORKER_ID, TEST, CORE_TEST_SOAK, NODE_ENV, ...own } = process.env
  return own
}
