/**
 * server: timers and beats run. function (Vercel, AWS Lambda, Cloud Run): a pool of one, no timers; `core.flush()` before it
 * is frozen. worker (Cloudflare): one core for each request.
 */
export type Runtime = 'server' | 'function' | 'worker'

export function detectRuntime(env: Readonly<Record<string, string | undefined>>): Runtime {
  if (globalThis.navigator?.userAgent === 'Cloudflare-Workers') return 'worker'
  return env['VERCEL'] || env['AWS_LAMBDA_FUNCTION_NAME'] || env['K_SERVICE'] ? 'function' : 'server'
}
