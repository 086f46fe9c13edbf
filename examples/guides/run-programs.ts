// Runs programs one after another in one process, which loads Core once: node run-programs.ts <file>...
// What each printed ends with a NUL. It ends when none of them has left anything open.
import { pathToFileURL } from 'node:url'

for (const file of process.argv.slice(2)) {
  try {
    await import(pathToFileURL(file).href)
  } catch (error) {
    console.log(error)
    process.exitCode = 1
  }
  process.stdout.write('\0')
}
