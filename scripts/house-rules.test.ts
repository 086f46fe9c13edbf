import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findHouseFaults, houseRules } from './house-rules.ts'
import { root } from './root.ts'
import { listFiles } from './tree.ts'

test('the whole tree keeps the rules of the house', () => {
  const faults = listFiles().flatMap((path) => findHouseFaults(path, readFileSync(join(root, path), 'utf8')))
  expect(faults).toEqual([])
})

const offences: [rule: string, path: string, text: string][] = [
  ['a file is named for what it exports', 'packages/a/src/utils.ts', ''],
  ['names are kebab-case', 'packages/a/src/ledgerClient.ts', ''],
  ['the compiler is not talked out of its findings', 'packages/a/src/a.ts', 'x as unknown as Y'],
  ['no test is skipped, focused or left for later', 'packages/a/src/a.test.ts', 'test.only("x")'],
  [
    'no test has less time than vitest.workspace.ts gives all of them',
    'packages/a/src/a.test.ts',
    'vi.setConfig({ testTimeout: 60_000 })',
  ],
  [
    'no test has less time than vitest.workspace.ts gives all of them',
    'packages/a/src/a.test.ts',
    "test('adds', { timeout: 20_000 }, () => {})",
  ],
  ['no test has less time than vitest.workspace.ts gives all of them', 'packages/a/src/a.test.ts', '\n}, 120_000)'],
  [
    'vi.waitFor and vi.waitUntil say how long they wait',
    'packages/a/src/a.test.ts',
    'await vi.waitFor(() => expect(a).toBe(1))',
  ],
  [
    'vi.waitFor and vi.waitUntil say how long they wait',
    'packages/a/src/a.test.ts',
    '  await vi.waitFor(async () => {\n    expect(await a()).toBe(1)\n  })\n  wait(30_000)',
  ],
  [
    'vi.waitFor and vi.waitUntil say how long they wait',
    'packages/a/test/suites/a.ts',
    'await vi.waitFor(() => expect(a).toBe(30_000))',
  ],
  [
    'vi.waitFor and vi.waitUntil say how long they wait',
    'packages/a/src/a.test.ts',
    '  await vi.waitFor(() =>\n    expect(a(30_000)).toEqual([]),\n  )',
  ],
  [
    'vi.waitFor and vi.waitUntil say how long they wait',
    'packages/a/src/a.test.ts',
    '  await vi.waitUntil(\n    async () => {\n      await wait(30_000)\n    },\n    { interval: 50 },\n  )',
  ],
  [
    'a property that awaits ends with its first failure (endOnFailure); its seed finds a shorter one by hand',
    'packages/a/src/a.test.ts',
    'await fc.assert(fc.asyncProperty(fc.nat(), check))',
  ],
  [
    'a property that awaits ends with its first failure (endOnFailure); its seed finds a shorter one by hand',
    'packages/a/src/a.test.ts',
    'fc.assert(fc.asyncProperty(any, one), { endOnFailure: true })\nfc.assert(fc.asyncProperty(any, two))',
  ],
  ['nothing is left for later', 'supabase/migrations/1_a.sql', '-- TODO: index'],
  [
    'an object with any names keeps them all: z.record() drops __proto__, use z.custom(isObject)',
    'packages/a/src/a.ts',
    'z.record(z.string(), z.unknown())',
  ],
  [
    'Cloudflare Workers refuse redirect: error, use fetchDirectly',
    'packages/a/src/a.ts',
    "fetch(url, { redirect: 'error' })",
  ],
  ['no path of one person’s machine', 'docs/a.md', 'cd /home/ada/core'],
  ['where packages come from is the machine’s own setting', 'pnpm-lock.yaml', 'tarball: https://example.org/a.tgz'],
  ['plain English', 'scripts/a.ts', '// Nobody is told.'],
  ['where packages come from is the machine’s own setting', '.npmrc', 'registry=https://registry.example.org'],
]

test.each(offences)('%s: %s is caught', (rule, path, text) => {
  expect(findHouseFaults(path, text)).toEqual([expect.stringContaining(rule)])
})

test('every rule has an offence that shows it', () => {
  expect(new Set(offences.map(([rule]) => rule))).toEqual(new Set(houseRules.map(({ name }) => name)))
})
