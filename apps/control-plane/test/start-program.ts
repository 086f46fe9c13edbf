import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { shortLived } from '@core/database/testing'
import { bundleProgram } from '../src/testing/bundle-program.ts'

const source = join(import.meta.dirname, '../src/process/main.ts')
const { PATH, NODE_COMPILE_CACHE } = process.env

export interface RunningProgram {
  readonly url: string
  readonly child: ChildProcess
  /** All that it wrote so far. */
  readonly output: () => string
}

/** Starts the program as operators do, in a folder and with these variables alone; resolves when it listens. */
export async function startProgram(folder: string, env: Readonly<Record<string, string>>): Promise<RunningProgram> {
  const child = spawn(process.execPath, [...shortLived, await bundleProgram(source)], {
    cwd: folder,
    env: { PATH, NODE_COMPILE_CACHE, CORE_HTTP_PORT: '0', CORE_DATA_DIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const url = /Core is running at (http:\/\/\S+)/.exec(output)?.[1]
      if (url !== undefined) resolve(url)
    })
  }
  child.on('exit', () => reject(new Error(`it ended before it listened: ${output}`)))
  return { url: await promise, child, output: () => output }
}
