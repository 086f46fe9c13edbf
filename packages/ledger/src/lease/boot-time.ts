import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

/** Time since the machine started. Nobody can set it, it goes on in standby, and it outlives the process. */
export interface BootTime {
  /** Names this start of the machine; empty where the system does not tell. */
  readonly boot: string
  uptimeMs(): number
}

export function systemBootTime(): BootTime {
  return { boot: readBootId(), uptimeMs: () => uptime() * 1_000 }
}

/** Linux tells; elsewhere a journal falls back on the wall clock across processes. */
function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}
