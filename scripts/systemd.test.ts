import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { bundleProgram } from '../apps/control-plane/src/testing/index.ts'
import { createTestDatabase } from '../packages/database/src/testing/index.ts'
import { findFreePort } from '../packages/database/src/testing/postgres-server.ts'
import { commandsOf, readMarkdown } from './markdown.ts'
import { root } from './root.ts'

/**
 * The unit of production.md under a systemd of its own, in namespaces where Core is at /opt/core and nothing of the machine
 * changes. What the bootstrap does before it runs the program is left out: it would ask the npm registry. Then it runs the
 * program that is here as a bundle: three starts of the 900 sources and the owner of each file of `node_modules` took 16 s of
 * CPU.
 */

const page = readMarkdown(readFileSync(join(root, 'docs/operations/production.md'), 'utf8'))
const unit = page.blocks.find(({ text }) => text.startsWith('[Unit]'))?.text ?? ''
const commands = page.blocks.flatMap(commandsOf).filter((command) => /^(useradd|chown|chmod|systemctl) /.test(command))

/** Each question starts four programs. */
const polled = { timeout: 30_000, interval: 250 }

const succeeds = (program: string, ...args: string[]) => spawnSync(program, args, { stdio: 'ignore' }).status === 0
/** Quoted, for a blank would end it, and without specifiers. */
const asUnitPath = (path: string) => `"${path.replaceAll('%', '%%')}"`
const hasSystemd = () => succeeds('systemd-analyze', '--version') && succeeds('/lib/systemd/systemd', '--version')

test('systemd finds nothing to say about the unit', ({ skip }) => {
  if (!hasSystemd()) return skip('systemd is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'core-unit-'))
  try {
    const file = join(folder, 'core.service')
    writeFileSync(file, unit.replace('/usr/bin/node', asUnitPath(process.execPath)))
    const { status, stderr, stdout } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
    expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: '', stdout: '' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the commands of the page start it, it restarts after a crash, stops in order, and stays down after exit code 2', {
  timeout: 180_000,
}, async ({ skip }) => {
  if (!hasSystemd()) return skip('systemd is not installed')
  await using own = await createTestDatabase()
  const [port, metricsPort] = [await findFreePort(), await findFreePort()]
  const program = await readProgram()
  await using machine = startMachine({
    ...program.files,
    'etc/core/core.env': `CORE_DATABASE_URL=${own.url}\nCORE_HTTP_PORT=${port}\nCORE_METRICS_PORT=${metricsPort}\n`,
    'etc/systemd/system/core.service': unit,
    'etc/systemd/system/core.service.d/program.conf': `[Service]\nExecStart=\nExecStart=/usr/bin/node ${program.main} start\nStandardOutput=append:/run/core.log\nStandardError=append:/run/core.log\n`,
  })
  if (machine === undefined) return skip('this user may not make namespaces and overlays')
  const ready = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ status }) => status,
      () => 0,
    )
  const untilReady = () => expect.poll(ready, { timeout: 30_000, message: machine.log() }).toBe(200)
  const show = (name: string) => machine.run(`systemctl show core --property=${name} --value`).trim()

  expect(commands.length).toBeGreaterThan(3)
  for (const command of commands) machine.run(command)
  await untilReady()
  expect(machine.run('systemctl is-enabled core').trim()).toBe('enabled')

  const first = show('MainPID')
  expect(machine.run(`ps -o user= -p ${first}`).trim()).toBe('core')
  machine.run(`kill -KILL ${first}`)
  await expect.poll(() => show('MainPID'), polled).not.toMatch(new RegExp(`^(0|${first})$`))
  await untilReady()

  machine.run('systemctl stop core')
  expect([show('ActiveState'), show('Result')]).toEqual(['inactive', 'success'])

  machine.run(`sed -i 's/^CORE_HTTP_PORT=.*/CORE_HTTP_PORT=no-number/' /etc/core/core.env`)
  const restarts = show('NRestarts')
  machine.run('systemctl start core')
  await expect.poll(() => show('ActiveState'), polled).toBe('failed')
  expect([show('ExecMainStatus'), show('NRestarts')]).toEqual(['2', restarts])
  expect(machine.log()).toContain('CORE_HTTP_PORT')
})

/** What the bootstrap starts, as the files of /opt/core that it needs. `main` is where it begins, from there. */
async function readProgram(): Promise<{ main: string; files: Record<string, string> }> {
  const [, source = ''] =
    /^ {2}start: .*run: \['(\S+)', 'start'\]/m.exec(readFileSync(join(root, 'bootstrap.mjs'), 'utf8')) ?? []
  const bundled = await bundleProgram(join(root, source))
  const files: Record<string, string> = {}
  for (const [from, to] of [
    [dirname(bundled), 'program'],
    [join(root, 'supabase/migrations'), 'supabase/migrations'],
  ] as const)
    for (const name of readdirSync(from))
      files[`opt/core/${to}/${name}`] = readFileSync(join(from, name), 'utf8').replaceAll(root, '/opt/core')
  return { main: `program/${basename(bundled)}`, files }
}

interface Machine extends AsyncDisposable {
  run(command: string): string
  log(): string
}

/** Undefined where this user may not make one. `files` are below the root. */
function startMachine(files: Readonly<Record<string, string>>): Machine | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'core-machine-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, 'files', name, '..'), { recursive: true })
    writeFileSync(join(folder, 'files', name), text)
  }
  mkdirSync(join(folder, 'units'))
  // What the unit's own dependencies need of a system that has booted.
  for (const name of ['sysinit', 'basic', 'network-online', 'shutdown', 'multi-user', 'booted'])
    writeFileSync(join(folder, `units/${name}.target`), '[Unit]\nDefaultDependencies=no\n')
  const overlay = (lower: string, at: string, name: string) => `
    mkdir -p ${folder}/over/${name} ${folder}/over/${name}-work
    mount -t overlay -o metacopy=on,lowerdir=${lower},upperdir=${folder}/over/${name},workdir=${folder}/over/${name}-work overlay ${at}`
  const script = `set -e
    mount --make-rprivate /
    mkdir ${folder}/over && mount -t tmpfs tmpfs ${folder}/over && mount -t tmpfs tmpfs /run
    ${overlay('/etc', '/etc', 'etc')}
    ${overlay('/opt', '/opt', 'opt')}
    ${overlay('/usr/bin', '/usr/bin', 'bin')}
    touch /usr/bin/node && mount --bind '${process.execPath}' /usr/bin/node
    cp -r ${folder}/files/. /
    touch ${folder}/ready
    SYSTEMD_UNIT_PATH=${folder}/units:/etc/systemd/system container=core exec /lib/systemd/systemd --system --unit=booted.target --log-target=null`
  const unshare = spawn('unshare', ['-m', '-p', '-f', '--mount-proc', '--kill-child', 'sh', '-c', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let faults = ''
  unshare.stderr.on('data', (chunk: Buffer) => {
    faults += chunk.toString()
  })
  const init = () => execFileSync('pgrep', ['-P', String(unshare.pid)], { encoding: 'utf8' }).trim()
  const inside = (command: string) =>
    spawnSync('nsenter', ['-t', init(), '-m', '-p', 'sh', '-c', command], { encoding: 'utf8', timeout: 120_000 })
  const stop = () => {
    unshare.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  for (let attempt = 0; ; attempt++) {
    const state =
      spawnSync('pgrep', ['-P', String(unshare.pid)]).status === 0 ? inside('systemctl is-system-running') : undefined
    if (state && /running|degraded|starting/.test(state.stdout)) break
    if (attempt === 100) {
      stop()
      return undefined
    }
    spawnSync('sleep', ['0.1'])
  }
  return {
    run(command) {
      const { status, stdout, stderr } = inside(command)
      if (status !== 0) throw new Error(`${command}: ${stderr}${stdout}${faults}`)
      return stdout
    },
    log: () => inside('cat /run/core.log').stdout,
    async [Symbol.asyncDispose]() {
      stop()
    },
  }
}
