// Finds Node >= 24 and pnpm (borrowing from the npm registry what the machine lacks), installs from the frozen
// lockfile, then runs the named script under that Node. Plain JavaScript without dependencies, because it runs
// before anything is installed, on the Node that happens to be there.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const OLDEST_NODE_MAJOR = 18
const NODE_MAJOR = 24
const PNPM_MAJOR = 12

/** What each root script needs installed, and what it runs. */
const scripts = {
  start: { install: 'production', run: ['apps/cli/src/main.ts', 'start'] },
  core: { install: 'production', run: ['apps/cli/src/main.ts'] },
  demo: { install: 'production', run: ['apps/cli/src/main.ts', 'demo'] },
  test: { install: 'all', run: ['scripts/test.ts'] },
  'test:soak': { install: 'all', run: ['scripts/test.ts', '--soak'] },
  check: { install: 'all', run: ['scripts/test.ts', '--static'] },
  generate: { install: 'all', run: ['scripts/generate.ts'] },
  build: { install: 'all', run: ['scripts/build.ts'] },
  bench: { install: 'all', run: ['bench/main.ts'] },
}

const root = dirname(fileURLToPath(import.meta.url))
const modules = join(root, 'node_modules')
const stampFile = join(modules, '.core-install.json')
const toolsFile = join(modules, '.core-tools.json')
const lockFile = join(modules, '.core-install.lock')
const nodeMajor = Number(process.versions.node.split('.')[0])

/** What goes wrong outside this file: the message is for the user, a stack would only hide it. */
class Failure extends Error {}

/** The process that works for this one right now; signals go to it. */
let child
/** The first signal that came, so that an interrupted install does not go on to start something. */
let stoppedBy
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
  process.on(signal, () => {
    stoppedBy = stoppedBy || signal
    // A terminal and `kill -- -group` reach the child as well as this process, so it can see a signal twice.
    if (child) child.kill(signal)
    else process.exit(exitCodeOf(signal))
  })
}

main().catch((error) => fail(error instanceof Failure ? error.message : error.stack))

async function main() {
  if (nodeMajor < OLDEST_NODE_MAJOR) {
    throw new Failure(
      `this is Node ${process.versions.node}; Core needs Node ${OLDEST_NODE_MAJOR} or newer to set itself up. ` +
        'Install a current Node from https://nodejs.org, or with your version manager.',
    )
  }
  const [name, ...args] = process.argv.slice(2)
  const script = Object.hasOwn(scripts, name) ? scripts[name] : undefined
  if (!script) {
    throw new Failure(`unknown script ${JSON.stringify(name)}; one of: ${Object.keys(scripts).join(', ')}`)
  }
  if (!isInstalled(script.install)) await installOnce(script.install)
  const tools = await findTools()
  process.exitCode = await run(tools.node, [...script.run, ...args], { stdio: 'inherit', env: environment(tools) })
}

/** True while lockfile, manifests and machine are those of the last install, and it was at least as wide. */
function isInstalled(scope) {
  const last = readJson(stampFile)
  return Boolean(last && last.fingerprint === fingerprint() && (last.scope === 'all' || last.scope === scope))
}

/** Two first runs at once (`npm start` here, `npm test` there) take turns: pnpm must not write one folder twice. */
async function installOnce(scope) {
  const release = await acquireInstallLock()
  try {
    if (!isInstalled(scope)) await install(scope)
  } finally {
    release()
  }
}

async function install(scope) {
  const tools = await findTools()
  say(`installing ${scope === 'all' ? 'all' : 'production'} dependencies from the lockfile`)
  const words = ['install', '--frozen-lockfile', ...(scope === 'production' ? ['--prod'] : [])]
  const code = await run(tools.pnpm, words, {
    stdio: ['ignore', 2, 2], // stdout belongs to the script
    shell: process.platform === 'win32',
    env: { ...environment(tools), CI: 'true' }, // never asks before it replaces a folder
  })
  if (code !== 0) {
    throw new Failure(
      'the install failed; the lines above say why. When they speak of the network: npm ping tells whether the ' +
        'registry can be reached. Then run the same command again.',
    )
  }
  writeFileSync(stampFile, JSON.stringify({ fingerprint: fingerprint(), scope }))
  writeFileSync(toolsFile, JSON.stringify({ ...tools, nodeMajor: NODE_MAJOR, pnpmMajor: PNPM_MAJOR }))
}

/** Absolute paths of node and pnpm: those found last time, the machine's own, or borrowed ones. */
async function findTools() {
  const ownNode = nodeMajor >= NODE_MAJOR ? process.execPath : undefined
  const last = readJson(toolsFile)
  if (last && last.nodeMajor === NODE_MAJOR && last.pnpmMajor === PNPM_MAJOR) {
    const known = { node: ownNode || last.node, pnpm: last.pnpm }
    if (existsSync(known.node) && existsSync(known.pnpm)) return known // without asking each for its version
  }
  const own = { node: ownNode, pnpm: findOwnPnpm() }
  if (own.node && own.pnpm) return own
  const borrowed = await borrowTools([...(own.node ? [] : ['node']), ...(own.pnpm ? [] : ['pnpm'])])
  return { node: own.node || borrowed.node, pnpm: own.pnpm || borrowed.pnpm }
}

/** npx keeps what it fetches in npm's cache; a shell inside npx tells where. */
async function borrowTools(names) {
  const wanted = names.map((name) => `${name}@${name === 'node' ? NODE_MAJOR : PNPM_MAJOR}`)
  say(`fetching ${wanted.join(' and ')} from the npm registry`)
  const probe = `node -p "JSON.stringify({node:process.execPath,path:process.env.PATH})"`
  const output = []
  const code = await run('npx', ['-y', ...wanted.flatMap((name) => ['-p', name]), '-c', probe], {
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
    onOutput: (chunk) => output.push(chunk),
  })
  const found = code === 0 ? parse(output.join('').trim().split('\n').pop()) : undefined
  const pnpm = found && onPath('pnpm', found.path)
  if (!pnpm || (names.includes('node') && majorOf(found.node) < NODE_MAJOR)) {
    throw new Failure(
      `could not fetch ${wanted.join(' and ')}. Either npm cannot reach its registry (npm ping tells), or install ` +
        `scripts are switched off (npm config get ignore-scripts). Installing Node ${NODE_MAJOR} or newer and ` +
        `pnpm ${PNPM_MAJOR} yourself does without both.`,
    )
  }
  return { node: found.node, pnpm }
}

function findOwnPnpm() {
  const pnpm = onPath('pnpm')
  return pnpm && majorOf(pnpm) === PNPM_MAJOR ? pnpm : undefined
}

function majorOf(program) {
  try {
    const version = execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return Number(version.replace(/^v/, '').split('.')[0])
  } catch {
    return 0 // a shim that cannot start what it stands for is as good as none
  }
}

/** Runs to the end and returns the exit code; a signal that ends this process meanwhile ends the program first. */
function run(program, words, { onOutput, ...options }) {
  return new Promise((resolve, reject) => {
    child = spawn(program, words, { cwd: root, ...options })
    if (onOutput) child.stdout.setEncoding('utf8').on('data', onOutput)
    child.on('error', (error) => reject(new Failure(`could not run ${program}: ${error.message}`)))
    child.on('close', (code, signal) => {
      child = undefined
      const isMain = options.stdio === 'inherit'
      if (stoppedBy && !isMain) process.exit(exitCodeOf(stoppedBy))
      resolve(code === null ? exitCodeOf(signal) : code)
    })
  })
}

function environment(tools) {
  const folders = new Set([dirname(tools.node), dirname(tools.pnpm), ...(process.env.PATH || '').split(delimiter)])
  return { ...process.env, PATH: [...folders].join(delimiter) }
}

async function acquireInstallLock() {
  mkdirSync(modules, { recursive: true })
  for (let attempt = 1; ; attempt++) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' })
      const release = () => {
        process.off('exit', release)
        rmSync(lockFile, { force: true })
      }
      process.on('exit', release)
      return release
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const owner = readJson(lockFile)
    // A lock without a number for that long was left by a process that died between making and filling it.
    if (owner ? !isRunning(owner) : attempt > 20) rmSync(lockFile, { force: true })
    if (attempt === 1)
      say(`another install is under way in this folder (process ${owner || 'unknown'}); waiting for it`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']
  for (const group of ['packages', 'apps', 'examples', '.']) {
    if (!existsSync(join(root, group))) continue
    for (const name of readdirSync(join(root, group)).sort()) files.push(join(group, name, 'package.json'))
  }
  for (const file of files) if (existsSync(join(root, file))) hash.update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function onPath(name, path = process.env.PATH || '') {
  const suffix = process.platform === 'win32' ? '.cmd' : ''
  return path
    .split(delimiter)
    .map((folder) => join(folder, name + suffix))
    .find((file) => existsSync(file))
}

function readJson(file) {
  try {
    return parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined // missing: there was no earlier run
  }
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function exitCodeOf(signal) {
  return 128 + (constants.signals[signal] || 0)
}

function say(text) {
  process.stderr.write(`core: ${text}\n`)
}

function fail(text) {
  say(text)
  process.exit(1)
}
