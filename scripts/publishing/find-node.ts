import { execFileSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Where version managers, npx, CI images and Homebrew keep a Node of that major version. */
function likelyPlaces(major: number): string[] {
  const home = homedir()
  const program = process.platform === 'win32' ? 'node.exe' : 'node'
  return [
    ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program)),
    join(process.env['NVM_DIR'] ?? join(home, '.nvm'), `versions/node/v${major}.*/bin/node`),
    join(home, `.local/share/fnm/node-versions/v${major}.*/installation/bin/node`),
    join(home, `.local/share/mise/installs/node/${major}.*/bin/node`),
    join(home, `.asdf/installs/nodejs/${major}.*/bin/node`),
    join(home, `.volta/tools/image/node/${major}.*/bin/node`),
    join(home, '.npm/_npx/*/node_modules/node/bin/node'),
    `/usr/local/n/versions/node/${major}.*/bin/node`,
    `/opt/hostedtoolcache/node/${major}.*/*/bin/node`,
    `{/opt/homebrew,/usr/local}/opt/node@${major}/bin/node`,
  ]
}

/** A Node of this major version on this machine, or undefined. Nothing is fetched. */
export function findNode(major: number): string | undefined {
  if (majorOf(process.execPath) === major) return process.execPath
  return globSync(likelyPlaces(major)).find((program) => majorOf(program) === major)
}

function majorOf(program: string): number | undefined {
  try {
    const version = execFileSync(program, ['--version'], { encoding: 'utf8', timeout: 5_000, stdio: 'pipe' })
    return Number(/^v(\d+)\./.exec(version)?.[1])
  } catch {
    return undefined // a broken link, or a program of another machine
  }
}
