import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

/** Time since the machine started. It cannot be set, continues in standby, and outlives the process. */
export interface BootTime {
  /** Identifies this start of the machine; empty where the system does not provide it. */
  readonly boot: string
  uptimeMs(): number
}

export function systemBootTime(): BootTime {
  return { boot: readBootId(), uptimeMs: () => uptime() * 1_000 }
}

/** Only Linux has it; elsewhere a journal uses the wall clock across processes. */
function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}
