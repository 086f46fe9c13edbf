import { spawnSync } from 'node:child_process'

/** Runs the pnpm of PATH, which the bootstrap puts there. Throws with what it said when it fails. */
export function runPnpm(cwd: string, words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('pnpm', words, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (error) throw error
  if (status !== 0) throw new Error(`pnpm ${words.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}
