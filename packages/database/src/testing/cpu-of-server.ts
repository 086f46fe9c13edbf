import { readdirSync, readFileSync } from 'node:fs'

/** All of a server: its backends, its writers, and what has ended. */
export function cpuOfServer(pid: number): number {
  const main = cpuOf(pid)
  let sum = main.own + main.waited
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const each = cpuOf(name)
      if (each.parent === pid) sum += each.own
    } catch {
      // It has ended meanwhile.
    }
  }
  return sum
}

/** Seconds of CPU that a process and the children it has waited for have used. */
function cpuOf(pid: number | string): { own: number; waited: number; parent: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number)
  return {
    own: ((utime ?? 0) + (stime ?? 0)) / 100,
    waited: ((cutime ?? 0) + (cstime ?? 0)) / 100,
    parent: Number(fields[1]),
  }
}
