import { readdir, readFile, readlink } from 'node:fs/promises'

export interface Listener {
  pid: number
  command: string
}

const listening = '0A'

/** Who listens on a TCP port of this machine, where the system shows it (Linux, and only this user's processes). */
export async function findListener(port: number): Promise<Listener | undefined> {
  const inodes = (await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((file) => inodesOf(file, port)))).flat()
  if (inodes.length === 0) return undefined
  const sockets = new Set(inodes.map((inode) => `socket:[${inode}]`))
  for (const name of await readdir('/proc')) {
    if (/^\d+$/.test(name) && (await holds(name, sockets))) return { pid: Number(name), command: await commandOf(name) }
  }
  return undefined
}

/** Columns of the table: slot, local address `0100007F:1130`, remote address, state, …, the tenth is the inode. */
async function inodesOf(file: string, port: number): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(suffix) && columns[3] === listening)
    .flatMap((columns) => columns[9] ?? [])
}

async function holds(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const names = await readdir(folder).catch(() => [])
  const links = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')))
  return links.some((link) => sockets.has(link))
}

async function commandOf(pid: string): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return text.split('\0').join(' ').trim().slice(0, 80)
}
