// Runs both siblings against one control plane, kills one of them now and then, and shows how they do.
// npm run demo:siblings -- [rounds]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFaults, untilReported, untilWorked } from './books.ts'
import { type Acknowledged, runLoad } from './load.ts'
import { openPlayground, type Playground, siblings } from './playground.ts'

const rounds = Number(process.argv[2] ?? 30)
if (!(Number.isSafeInteger(rounds) && rounds > 0)) {
  console.error('npm run demo:siblings -- [rounds]: a whole number above 0')
  process.exit(2)
}
const folder = mkdtempSync(join(tmpdir(), 'core-siblings-'))
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())

console.log('starting a control plane and two services; the first start takes some seconds')
let shownLines = 0

async function show(playground: Playground, round: number, done: Acknowledged): Promise<void> {
  const lines = [`round ${round} of ${rounds}: ${done.questions.size} questions, ${done.tasks.size} tasks acknowledged`]
  const entries = new Map<string, string>()
  for await (const { project, status, sessions } of playground.cores.smart_layer.coordinator.manifest()) {
    entries.set(project, `${status}, ${sessions} sessions`)
  }
  for (const project of siblings) {
    const balance = await playground.cores[project].ledger.balance(project)
    const [daily] = 'budgets' in balance ? balance.budgets : []
    const part = playground.services[project]
    lines.push(
      `${project.padEnd(13)} ${(entries.get(project) ?? 'unknown').padEnd(22)} restarts ${part.restarts}`,
      `              budget left ${((daily?.rest ?? 0) / 1e6).toFixed(2)} credits   ${part.lastLine}`,
    )
  }
  if (process.stdout.isTTY && shownLines > 0) process.stdout.write(`\u001b[${shownLines}A\u001b[0J`)
  console.log(lines.join('\n'))
  shownLines = lines.length
}

try {
  await using playground = await openPlayground({ CORE_DATA_DIR: join(folder, 'data') })
  const done = await runLoad(playground, {
    rounds,
    pauseMs: 300,
    signal: stopping.signal,
    onRound(round, acknowledged) {
      if (round % 10 === 5) playground.services[round % 20 === 5 ? 'manus_origin' : 'smart_layer'].kill()
      void show(playground, round, acknowledged).catch(() => undefined)
    },
  })
  if (stopping.signal.aborted) {
    console.log('stopped before the end: nothing was compared')
    process.exitCode = 130
  } else {
    console.log('waiting for the last tasks')
    await untilWorked(playground, done)
    await untilReported(playground, done)
    const faults = await findFaults(playground, done)
    console.log(
      faults.length === 0 ? 'every noun keeps what it acknowledged, and each task was paid once' : faults.join('\n'),
    )
    process.exitCode = faults.length === 0 ? 0 : 1
  }
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
