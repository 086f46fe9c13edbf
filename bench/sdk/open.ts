import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { microCredits } from '@core/ledger'
import { openCore } from '@core/sdk'
import { rolldown } from 'rolldown'
import { type Row, toRow } from '../row.ts'
import { median } from '../statistics.ts'
import type { BenchContext } from '../suite.ts'
import { callBarely, reserveArgs } from './bare-call.ts'
import { goals } from './goals.ts'
import { type ProjectOfPlane, project } from './open-project.ts'

const run = promisify(execFile)

const readPlace = 'const { url, key, project } = JSON.parse(process.env.BENCH_PLACE)'

/** Both print the milliseconds from their first line to the answer of a reserve. */
const programs = {
  core: `const begun = performance.now()
${readPlace}
const { openCore } = await import('@core/sdk')
const core = await openCore({ project, url, key, env: {} })
const { status } = await core.ledger.reserve({ account: project, amount: 1_000 })
console.log(status === 'reserved' ? performance.now() - begun : status)
process.exit()
`,
  bare: `const begun = performance.now()
${readPlace}
const response = await fetch(url + '/rest/v1/rpc/ledger_reserve', {
  method: 'POST',
  headers: { authorization: 'Bearer ' + key, 'content-type': 'application/json', 'content-profile': 'core_api' },
  body: JSON.stringify({ p_account: project, p_amount: 1_000, p_key: crypto.randomUUID() }),
})
const { ok } = await response.json()
console.log(ok === true ? performance.now() - begun : 'answered ' + response.status)
process.exit()
`,
} as const
type Program = keyof typeof programs

/**
 * From nothing to a first reserve, as a function of a serverless host does it: bundled, in a process that has just started,
 * beside one that sends the same reserve by a bare fetch. `openCore` asks once whether the key is right before it answers,
 * so where a process has sent something before, it is two requests against one.
 */
export async function measureOpening(
  { plane, key, rpcUrl }: ProjectOfPlane,
  { folder, isQuick, signal, progress }: BenchContext,
): Promise<Row[]> {
  const files = await bundlePrograms(folder)
  const place = JSON.stringify({ url: plane.url, key, project })
  const startProgram = async (name: Program) => {
    const { stdout } = await run(process.execPath, [files[name]], { env: { BENCH_PLACE: place }, signal })
    const ms = Number(stdout)
    if (!(ms > 0)) throw new Error(`the program ${name} printed ${stdout}`)
    return ms
  }
  const again = {
    core: async () => {
      await using core = await openCore({ project, url: plane.url, key, env: {} })
      await core.ledger.reserve({ account: project, amount: microCredits(1_000) })
      return performance.now()
    },
    bare: async () => {
      await callBarely(rpcUrl('ledger_reserve'), key, reserveArgs(project))
      return performance.now()
    },
  }
  const openAgain = async (name: Program) => {
    const begun = performance.now()
    return (await again[name]()) - begun
  }
  const cold = await compare(startProgram, isQuick ? 1 : 25, progress)
  const warm = await compare(openAgain, isQuick ? 2 : 200)
  return [
    toRow('a first reserve by a bare fetch, in a new process', cold.bare, 'ms'),
    toRow('openCore and a first reserve, in a new process', cold.core, 'ms'),
    toRow('the second against the first', cold.ratio, 'x', goals.cold),
    toRow('a reserve by a bare fetch, in a process that sent others', warm.bare, 'ms'),
    toRow('openCore and a reserve, in a process that opened others', warm.core, 'ms'),
  ]
}

async function compare(sample: (name: Program) => Promise<number>, rounds: number, progress?: (text: string) => void) {
  const times = { core: [] as number[], bare: [] as number[] }
  const names: readonly Program[] = ['bare', 'core']
  for (let round = 0; round <= rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const ms = await sample(name)
      if (round > 0) times[name].push(ms)
    }
    progress?.(`${round}/${rounds} openings`)
  }
  const ratios = times.core.map((ms, round) => ms / (times.bare[round] ?? Number.NaN))
  return { core: median(times.core), bare: median(times.bare), ratio: median(ratios) }
}

async function bundlePrograms(folder: string): Promise<Record<Program, string>> {
  const entry = join(import.meta.dirname, 'virtual-program.js') // imports as a file of this folder would
  const build = await rolldown({
    input: entry,
    platform: 'node',
    logLevel: 'silent',
    external: (id) => id.startsWith('node:'),
    plugins: [
      {
        name: 'program',
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? programs.core : undefined),
      },
    ],
  })
  const dir = join(folder, 'bundled')
  await build.write({ format: 'esm', dir, minify: true, entryFileNames: 'core.mjs', chunkFileNames: '[name].mjs' })
  await build.close()
  const bare = join(folder, 'bare.mjs')
  await writeFile(bare, programs.bare)
  return { core: join(dir, 'core.mjs'), bare }
}
