import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { compilerEnvironment } from '../compiler-environment.ts'
import { root } from '../root.ts'
import type { Tally } from './tally.ts'

/** Checks that read the whole tree and run none of it. Each is one program of node_modules/.bin. */
export const staticSteps = [
  // Each further checker works out the same types again, and the linter runs beside it.
  { name: 'types', program: 'tsc', args: ['-p', 'tsconfig.json', '--singleThreaded'] },
  { name: 'lint', program: 'biome', args: ['ci', '--colors=off', '--error-on-warnings', '.'] },
] as const

export type StaticStep = (typeof staticSteps)[number]

/** Runs one static check; its output is returned only when it fails. */
export async function runStaticStep(step: StaticStep, signal: AbortSignal): Promise<Tally & { output: string }> {
  const { code, output } = await capture(step, signal)
  return code === 0
    ? { passed: 1, failed: 0, skipped: [], output: '' }
    : { passed: 0, failed: 1, skipped: [], output: `${output.trimEnd()}\n` }
}

function capture(step: StaticStep, signal: AbortSignal): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, 'node_modules', '.bin', step.program), step.args, {
      cwd: root,
      env: compilerEnvironment(),
      signal,
      shell: process.platform === 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk
      })
    }
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}
