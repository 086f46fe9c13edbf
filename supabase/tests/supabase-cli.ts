import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const supabaseFolder = fileURLToPath(new URL('..', import.meta.url))
const cli = fileURLToPath(new URL('../../packages/database/node_modules/supabase/dist/supabase.js', import.meta.url))

export interface SupabaseProject extends AsyncDisposable {
  readonly migrations: string
  /** Runs the real CLI in the project; what it prints as JSON, or throws with all it said. */
  run(...args: string[]): Promise<unknown>
}

/** A copy of supabase/ in a folder of its own, with the first `count` migrations, as somebody's project would have it. */
export async function createSupabaseProject(count = Number.POSITIVE_INFINITY): Promise<SupabaseProject> {
  const folder = await mkdtemp(join(tmpdir(), 'core-supabase-'))
  const migrations = join(folder, 'supabase/migrations')
  await cp(join(supabaseFolder, 'config.toml'), join(folder, 'supabase/config.toml'))
  for (const name of (await readdir(join(supabaseFolder, 'migrations'))).sort().slice(0, count)) {
    await cp(join(supabaseFolder, 'migrations', name), join(migrations, name))
  }
  return {
    migrations,
    async run(...args) {
      const child = spawn(process.execPath, [cli, ...args, '--output-format', 'json', '--agent', 'no'], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        // Its own home, nothing sent anywhere, and no attempt at TLS with a server on the loopback interface.
        env: {
          ...process.env,
          HOME: folder,
          DO_NOT_TRACK: '1',
          SUPABASE_NO_UPDATE_NOTIFIER: '1',
          PGSSLMODE: 'disable',
          // A program of Bun that lives for a second: what its compiler optimises is not run again.
          BUN_JSC_useDFGJIT: '0',
        },
      })
      let output = ''
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString()
      })
      const [code] = await once(child, 'close')
      if (code !== 0) throw new Error(`supabase ${args.slice(0, 2).join(' ')} ended with ${code}: ${said}${output}`)
      const answer: unknown = JSON.parse(output.slice(output.indexOf('{')))
      return answer
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
