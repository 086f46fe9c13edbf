import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LoginDriver } from '../../auth/login-driver.ts'

export interface LoginUnderTest extends AsyncDisposable {
  readonly driver: LoginDriver
  /** What a browser does with the address, until it is led back: the address it is led to. */
  signIn(url: string): Promise<string>
  /** The parameter of that address that proves who came. */
  readonly proof: string
  /** Whether a proof counts once. */
  readonly isOnce: boolean
}

export interface IssuedLoginUnderTest extends LoginUnderTest {
  setAway(isAway: boolean): void
}

const refused = expect.objectContaining({ code: 'E_UNAUTHENTICATED', details: { reason: 'login_failed' } })

/** What every driver of sign-in has to do. */
export function describeLogin(name: string, open: () => Promise<LoginUnderTest>): void {
  describe(`sign-in: ${name}`, () => {
    let it: LoginUnderTest
    beforeAll(async () => {
      it = await open()
    })
    afterAll(() => it[Symbol.asyncDispose]())

    async function begin() {
      const { url, flow } = await it.driver.begin({ redirectTo: '/docs' })
      return { flow, callback: await it.signIn(url) }
    }
    function changed(callback: string, parameter: string, value: string): string {
      const url = new URL(callback)
      url.searchParams.set(parameter, value)
      return url.href
    }

    test('a person signs in, and is of the issuer', { timeout: 60_000 }, async () => {
      const began = await begin()
      expect(began.flow.redirectTo).toBe('/docs')
      const person = await it.driver.finish(began)
      expect(person).toMatchObject({ issuer: it.driver.issuer, subject: expect.stringMatching(/^[!-~]+$/) })
      if (it.isOnce) await expect(it.driver.finish(began)).rejects.toEqual(refused)
    })

    test('nothing but the return of this sign-in is accepted, and no refusal holds the proof', {
      timeout: 60_000,
    }, async () => {
      const [one, other] = [await begin(), await begin()]
      const proof = new URL(one.callback).searchParams.get(it.proof) ?? ''
      expect(proof).not.toBe('')
      const wrong = [
        { flow: one.flow, callback: changed(one.callback, 'state', 'x') },
        { flow: one.flow, callback: changed(one.callback, 'state', '') },
        { flow: { ...one.flow, state: 'x' }, callback: one.callback },
        { flow: other.flow, callback: one.callback },
        { flow: one.flow, callback: changed(one.callback, it.proof, 'x') },
        { flow: one.flow, callback: changed(one.callback, it.proof, '') },
      ]
      for (const attempt of wrong) {
        const failure: unknown = await it.driver.finish(attempt).catch((error: unknown) => error)
        expect(failure).toEqual(refused)
        expect(JSON.stringify([failure, String(failure)])).not.toContain(proof)
      }
    })
  })
}

/** What every driver has to do that asks an issuer at each sign-in. */
export function describeIssuedLogin(name: string, open: () => Promise<IssuedLoginUnderTest>): void {
  describeLogin(name, open)
  test(`sign-in: ${name}: an issuer that is away is neither yes nor no`, { timeout: 60_000 }, async () => {
    await using it = await open()
    const finish = async (isAway: boolean) => {
      const { url, flow } = await it.driver.begin({ redirectTo: '/docs' })
      const callback = await it.signIn(url)
      it.setAway(isAway)
      return await it.driver.finish({ flow, callback })
    }
    await expect(finish(true)).rejects.toMatchObject({ code: 'E_ISSUER_UNAVAILABLE' })
    it.setAway(false)
    expect(await finish(false)).toMatchObject({ issuer: it.driver.issuer })
  })
}
