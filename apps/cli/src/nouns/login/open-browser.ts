import { spawn } from 'node:child_process'
import type { Environment } from '@core/config'

/** The program that opens an address in a browser: BROWSER, else what the system has; undefined where there is no screen. */
export function findBrowser(
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): readonly string[] | undefined {
  if (env['BROWSER']) return [env['BROWSER']]
  if (platform === 'darwin') return ['open']
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler']
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? ['xdg-open'] : undefined
}

/** Resolves to false where the program cannot be started. The address is an argument and passes through no shell. */
export function openBrowser([program = '', ...args]: readonly string[], url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true })
    child.once('error', () => resolve(false))
    child.once('spawn', () => resolve(true))
    child.unref()
  })
}
