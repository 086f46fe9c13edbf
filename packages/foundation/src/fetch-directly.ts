/**
 * `fetch` that follows no redirect: a key goes to the address it was given for and nowhere else. By `manual`, because
 * Cloudflare Workers refuse `redirect: 'error'`.
 * @throws TypeError where the answer is a redirect, as `fetch` does for what does not answer.
 */
export async function fetchDirectly(
  send: typeof globalThis.fetch,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  const response = await send(input, { ...init, redirect: 'manual' })
  const { status, type } = response
  if (type !== 'opaqueredirect' && (status < 300 || status > 399 || status === 304)) return response
  await response.body?.cancel()
  throw new TypeError('the answer is a redirect, which is not followed')
}
