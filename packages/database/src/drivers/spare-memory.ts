import { setFlagsFromString } from 'node:v8'

/** Bytes free, below which a peak of 700 MB may end the process. */
const roomToOptimise = 1.5 * 2 ** 30

/**
 * V8 optimises what runs often, and takes 600 MB for two seconds over one function of Postgres. A machine or a container
 * without that much keeps the code that V8 compiles first: half as fast, and without the peak. It concerns the
 * WebAssembly of the whole process, from the next compilation on.
 * @returns whether memory is spared.
 */
export function spareMemory(available: number = process.availableMemory()): boolean {
  if (available >= roomToOptimise) return false
  for (const flag of ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag)
  return true
}
