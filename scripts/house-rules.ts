import { basename } from 'node:path'

/** One rule of the house that no compiler knows. `find` returns what offends, as a short quotation. */
export interface HouseRule {
  name: string
  /** Which files it looks at. */
  applies(path: string): boolean
  find(path: string, text: string): string | undefined
}

const isCode = (path: string) => /\.(ts|mts|js|mjs)$/.test(path) && !path.includes('/generated/')
/** Rules quote what they forbid, so the file that states them and its test are left out. */
const isRuleBook = (path: string) => path.startsWith('scripts/house-rules')
const countOf = (text: string, part: string) => text.split(part).length - 1
const quote = (text: string, pattern: RegExp) => pattern.exec(text)?.[0]

const quaint =
  /\b(told|(?<!user '|'postgres', ')nobody|whoever|anew|mend(s|ed|ing)?|for ever|by itself|stands|stood|go(es)? on|went on|(for )?want of)\b/i

/** To the end of its line, or to the next line that begins where this one does. */
const waitForCall = /^( *)(?=\S).*\bvi\.wait(?:For|Until)\((?:.*\)$|.*(?:\n(?!\1\S).*)*\n\1\S.*$)/gm
/** Its last argument, not a number within the check. */
const endsWithTime = /(?:,\s*|timeout: )\d+_000\b[^()]*\)$/

export const houseRules: readonly HouseRule[] = [
  {
    name: 'a file is named for what it exports',
    applies: isCode,
    find: (path) => quote(basename(path), /^(utils?|helpers?|common|misc|types|constants|lib)\.[a-z]+$/),
  },
  {
    name: 'names are kebab-case',
    applies: (path) => /\.(ts|mjs|sql|md)$/.test(path) && !/(^|\/)[A-Z]+\.md$/.test(path),
    find: (path) => (/^[a-z0-9._-]+$/.test(basename(path)) ? undefined : basename(path)),
  },
  {
    name: 'the compiler is not talked out of its findings',
    applies: (path) => isCode(path) && !isRuleBook(path),
    find: (_, text) => quote(text, /as unknown as|@ts-ignore|@ts-expect-error|@ts-nocheck|biome-ignore/),
  },
  {
    name: 'no test is skipped, focused or left for later',
    applies: (path) => path.endsWith('.test.ts') && !isRuleBook(path),
    find: (_, text) => quote(text, /\b(it|test|describe)\.(skip|only|todo|skipIf|runIf)\b/),
  },
  {
    // Shorter limits only tell a busy machine from a quiet one. What may take longer says so.
    name: 'no test has less time than vitest.workspace.ts gives all of them',
    applies: (path) => path.endsWith('.test.ts') && !path.endsWith('.soak.test.ts') && !isRuleBook(path),
    find: (_, text) =>
      quote(text, /\b(test|hook)Timeout: (\d{1,2}|1[0-7]\d)_000\b/) ??
      quote(text, /\b(test|it)(\.\w+)*\((`[^`]*`|'[^'\n]*'),\s*\{\s*timeout: (\d{1,2}|1[0-7]\d)_000\b/) ??
      quote(text, /^ *\}, ([6-9]\d|1[0-7]\d)_000\)$/m),
  },
  {
    // The default is a second, which a busy machine spends without a fault of the code.
    name: 'vi.waitFor and vi.waitUntil say how long they wait',
    applies: (path) => isCode(path) && !isRuleBook(path),
    find: (_, text) => text.match(waitForCall)?.find((call) => !endsWithTime.test(call)),
  },
  {
    // The search for a shorter case sends the calls of each candidate: it outlasts the test, which then fails without a cause.
    name: 'a property that awaits ends with its first failure (endOnFailure); its seed finds a shorter one by hand',
    applies: (path) => isCode(path) && !isRuleBook(path),
    find: (_, text) =>
      countOf(text, 'fc.asyncProperty(') > countOf(text, 'endOnFailure: true') ? 'fc.asyncProperty(' : undefined,
  },
  {
    name: 'nothing is left for later',
    applies: (path) => (isCode(path) || path.endsWith('.sql')) && !isRuleBook(path),
    find: (_, text) => quote(text, /\b(TODO|FIXME|XXX|HACK)\b/),
  },
  {
    name: 'an object with any names keeps them all: z.record() drops __proto__, use z.custom(isObject)',
    applies: (path) => isCode(path) && !/\.test\.ts$|\/test\//.test(path) && !isRuleBook(path),
    find: (_, text) => quote(text, /z\.record\(z\.string\(\), z\.(unknown|json|any)\(\)\)/),
  },
  {
    name: 'Cloudflare Workers refuse redirect: error, use fetchDirectly',
    applies: (path) => /\/src\//.test(path) && isCode(path) && !path.endsWith('/fetch-directly.ts'),
    find: (_, text) => quote(text, /redirect: 'error'/),
  },
  {
    name: 'no path of one person’s machine',
    applies: (path) => !isRuleBook(path),
    find: (_, text) => quote(text, /(\/home\/[a-z]+|\/Users\/[A-Za-z]+|\/root)\/[\w.-]+/),
  },
  {
    name: 'where packages come from is the machine’s own setting',
    applies: (path) => !isRuleBook(path),
    find: (path, text) =>
      quote(text, path === 'pnpm-lock.yaml' ? /https?:\/\/\S+/ : /\bregistry\.[a-z]+\.[a-z]+|\/\/[\w.]+\/:_auth\w*/),
  },
  {
    // Each has a plain replacement: called with, no one or nothing, who or anyone who, again, fix, alone, forever, is,
    // continues, without. As a user of Unix 'nobody' is a name.
    name: 'plain English',
    applies: (path) => !isRuleBook(path),
    find: (_, text) => quote(text, quaint),
  },
]

export function findHouseFaults(path: string, text: string): string[] {
  return houseRules
    .filter((rule) => rule.applies(path))
    .flatMap((rule) => {
      const found = rule.find(path, text)
      return found === undefined ? [] : [`${path}: ${found} (${rule.name})`]
    })
}
