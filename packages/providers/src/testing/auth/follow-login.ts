/** A browser with nothing but cookies and forms: signs in at an issuer, until that leads to an address with this path. */
export async function followLogin(url: string, endPath: string, subject: string): Promise<string> {
  const cookies = new Map<string, string>()
  let next = url
  let form: URLSearchParams | undefined
  for (let step = 0; step < 20; step++) {
    const response = await fetch(next, {
      redirect: 'manual',
      signal: AbortSignal.timeout(20_000),
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    })
    form = undefined
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    const page = await response.text()
    const location = response.headers.get('location')
    if (location !== null) {
      next = new URL(location, next).href
      if (new URL(next).pathname === endPath) return next
      continue
    }
    const action = /action="([^"]+)"/.exec(page)?.[1]
    if (action === undefined) throw new Error(`the issuer answered ${response.status} without a form`)
    next = new URL(action, next).href
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? 'login'
    form = new URLSearchParams({ prompt, login: subject, password: 'any' })
  }
  throw new Error('the issuer did not lead back')
}
