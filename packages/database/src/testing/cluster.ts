import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, cpSync, readdirSync } from 'node:fs'
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cleanEnvironment } from './clean-environment.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'

/** The folder that the server has its files in, and the password of its user `postgres`. */
export async function readCluster(folder: string): Promise<{ data: string; password: string }> {
  const { data, passwordFile } = placesIn(folder)
  return { data, password: await readFile(passwordFile, 'utf8') }
}

/** Makes `folder` and in it an empty cluster with a password of its own. */
export async function initCluster({ initdb, identity }: PostgresBinaries, folder: string): Promise<void> {
  const { data, passwordFile } = placesIn(folder)
  await mkdir(data, { recursive: true })
  await chmod(folder, 0o755) // the server's user must be able to enter
  await writeFile(passwordFile, randomBytes(12).toString('hex'), { mode: 0o600 })
  if (identity.uid !== undefined && identity.gid !== undefined) {
    for (const path of [data, passwordFile]) await chown(path, identity.uid, identity.gid)
  }
  const how = ['-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C', '--no-sync']
  const child = spawn(initdb, ['-D', data, '-U', 'postgres', ...how], {
    ...identity,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: cleanEnvironment(),
  })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`initdb failed: ${log}`)
}

/** Copies a cluster that no server has open. The copy has its identifier. */
export async function copyCluster(
  from: string,
  folder: string,
  { uid, gid }: PostgresBinaries['identity'],
): Promise<void> {
  await mkdir(folder, { recursive: true })
  cpSync(from, folder, { recursive: true })
  await chmod(folder, 0o755)
  await chmod(placesIn(folder).data, 0o700)
  if (uid !== undefined && gid !== undefined) {
    const inside = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    for (const path of inside) chownSync(join(folder, path), uid, gid)
  }
}

const placesIn = (folder: string) => ({ data: join(folder, 'data'), passwordFile: join(folder, 'password') })
