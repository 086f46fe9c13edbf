import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { LoginFlow } from './login-driver.ts'
import { loginRefused } from './login-error.ts'

export function newLoginFlow(redirectTo: string): LoginFlow {
  const random = () => randomBytes(32).toString('base64url')
  return { state: random(), nonce: random(), verifier: random(), redirectTo }
}

/** The challenge that PKCE (RFC 7636) sends ahead of a verifier. */
export function challengeOf(verifier: string): string {
  return hash('sha256', verifier, 'base64url')
}

/** The parameters of a return. @throws CoreError E_UNAUTHENTICATED unless its state is that of the flow. */
export function readReturn(callback: string, { state }: LoginFlow): URLSearchParams {
  const { searchParams } = new URL(callback)
  const returned = Buffer.from(hash('sha256', searchParams.get('state') ?? ''))
  if (!timingSafeEqual(returned, Buffer.from(hash('sha256', state)))) {
    throw loginRefused('this return belongs to another sign-in')
  }
  return searchParams
}
