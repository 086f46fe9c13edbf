// Measures what the nouns promise: node bench/main.ts [noun...] [--list] [--quick] [--full] [--only section] [--out folder]
import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { updateReadme } from './readme.ts'
import { toFacts, toTable, writeResults } from './report.ts'
import { endRunHeader, readRunHeader } from './run-header.ts'
import type { BenchContext, Suite } from './suite.ts'

const usage = `npm run bench [-- <noun>... options]
  --list            the nouns there are
  --quick           everything once and small, to see that it runs; the figures mean nothing and are not kept
  --full            also what takes a quarter of an hour
  --only <part>     one part of a noun (ledger: server, embedded, single, batch, ...), repeatable; writes no file
  --out <folder>    where to write instead of bench/results, bench/README.md and docs/operations/capacity.md`

const nouns = readdirSync(import.meta.dirname).filter((name) => existsSync(join(import.meta.dirname, name, 'suite.ts')))

/** Where the last run of a noun is shown, if the page has its marks. */
const pages = ['README.md', '../docs/operations/capacity.md']

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
}

try {
  await main()
} catch (error) {
  process.exitCode = 1
  process.stderr.write(`bench: ${stop.signal.aborted || !(error instanceof Error) ? error : error.stack}\n`)
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return void process.stdout.write(`${usage}\n`)
  if (values.list) return void process.stdout.write(`${nouns.join('\n')}\n`)
  const unknown = positionals.filter((noun) => !nouns.includes(noun))
  if (unknown.length > 0)
    throw new Error(`nothing is measured for ${unknown.join(', ')}; there is: ${nouns.join(', ')}`)
  for (const noun of positionals.length > 0 ? positionals : nouns) await runNoun(noun, values)
}

interface Choices {
  quick: boolean
  full: boolean
  only: string[]
  out?: string | undefined
}

async function runNoun(noun: string, { quick, full, only, out }: Choices): Promise<void> {
  const { suite }: { suite: Suite } = await import(`./${noun}/suite.ts`)
  const folder = await mkdtemp(join(tmpdir(), 'core-bench-'))
  await chmod(folder, 0o755) // a server started as root runs as another user, which must be able to enter
  try {
    const header = await readRunHeader(folder, ['npm run bench --', ...process.argv.slice(2)].join(' '))
    const subjects: Record<string, Readonly<Record<string, unknown>>> = {}
    const progress = (text: string) => process.stderr.write(`${noun}: ${text}\n`)
    const context: BenchContext = {
      isQuick: quick,
      isFull: full,
      measure: { rounds: quick ? 1 : 9, sampleMs: quick ? 10 : 500, onProgress: progress },
      signal: stop.signal,
      folder,
      only,
      progress,
      describe(subject, facts) {
        subjects[subject] = facts
      },
    }
    const rows = await suite.run(context)
    process.stdout.write(`${rows.length > 0 ? `${toTable(rows)}\n` : ''}${toFacts(subjects)}\n`)
    if (only.length > 0 || (quick && !out)) return
    const ended = endRunHeader(header, subjects)
    await writeResults(out ?? join(import.meta.dirname, 'results'), noun, rows, ended)
    for (const page of out ? [] : pages) await updateReadme(join(import.meta.dirname, page), noun, rows, ended)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
