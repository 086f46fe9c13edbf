import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { readMarkdown } from '../markdown.ts'
import { root } from '../root.ts'

/** An app of Next.js that was built, and serves. */
export interface NextApp extends AsyncDisposable {
  readonly url: string
}

const page = join(root, 'docs/guides/meter-web-handlers.md')

/**
 * The app that the guide shows, in a folder below `sibling`, whose packages it uses: built without a Core to reach, as in
 * an image, then started with `env`.
 */
export async function startNextApp(
  sibling: string,
  next: string,
  project: string,
  env: Readonly<Record<string, string>>,
): Promise<NextApp> {
  const folder = join(sibling, 'next-app')
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  for (const { heading, text } of readMarkdown(readFileSync(page, 'utf8')).blocks) {
    const file = /^\/\/ (\S+)\n/.exec(text)?.[1]
    if (heading === 'Next.js' && file !== undefined) write(file, text.replaceAll("'sculptor'", `'${project}'`))
  }
  write('package.json', JSON.stringify({ name: 'next-app', private: true, type: 'module' }))
  // Packages of the sibling are links, which Turbopack follows no further than its root. It builds once: a cache for the next
  // build, of 37 MB, and maps of the sources take a quarter of the CPU.
  write(
    'next.config.js',
    `export default {
      turbopack: { root: '/' },
      experimental: { turbopackFileSystemCacheForBuild: false, turbopackSourceMaps: false },
    }\n`,
  )
  write('app/layout.js', 'export default ({ children }) => <html lang="en"><body>{children}</body></html>\n')
  write('app/page.js', 'export default () => <p>Sculptures</p>\n')
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  for (const name of ['next', 'react', 'react-dom'])
    symlinkSync(join(dirname(next), name), join(folder, 'node_modules', name))
  const program = join(folder, 'node_modules/next/dist/bin/next')
  const settings = { ...process.env, NODE_ENV: 'production' as const, NEXT_TELEMETRY_DISABLED: '1' }
  await promisify(execFile)(process.execPath, [program, 'build'], { cwd: folder, env: settings })
  const server = spawn(process.execPath, [program, 'start', '--port', '0', '--hostname', '127.0.0.1'], {
    cwd: folder,
    env: { ...settings, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { url: await findUrl(server), [Symbol.asyncDispose]: () => stop(server) }
}

async function findUrl(server: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: server.stdout ?? process.stdin })) {
    const url = /http:\/\/[\w.]+:\d+/.exec(line)?.[0]
    if (url === undefined) continue
    server.stdout?.resume()
    return url.replace('localhost', '127.0.0.1')
  }
  throw new Error('Next.js ended before it said where it listens')
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  server.kill()
  await once(server, 'exit')
}
