import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'

/**
 * What only this process is, as SHA-256 in hexadecimal: boot id, pid namespace (every container has a pid 1), pid, start
 * time, and what it is opened for. Undefined where the operating system does not say (other than Linux).
 */
export function readFingerprint(purpose: string): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const namespace = readlinkSync('/proc/self/ns/pid')
    const stat = readFileSync('/proc/self/stat', 'utf8')
    // The name of the program, in parentheses, may hold spaces; start time is field 22 of the whole line.
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return hashFingerprint([boot, namespace, String(process.pid), startTicks ?? '', purpose])
  } catch {
    return undefined
  }
}

export function hashFingerprint(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
