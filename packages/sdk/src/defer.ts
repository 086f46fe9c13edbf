/**
 * What has to be said of a noun that is loaded at its first call. Methods that answer a promise need no word; `stream` is
 * an async iterable; a plan is that of an object below, or of what a method gives at once.
 */
export type Plan<Noun> = {
  readonly [Name in keyof Noun as Noun[Name] extends (...args: never[]) => PromiseLike<unknown>
    ? never
    : Name]: Noun[Name] extends (...args: never[]) => AsyncIterable<unknown>
    ? 'stream'
    : Noun[Name] extends (...args: never[]) => infer Given
      ? Plan<Given>
      : Plan<Noun[Name]>
}

type Part = 'stream' | Parts
interface Parts {
  readonly [name: string]: Part
}
type Load = () => Promise<object>
type Call = (...args: readonly unknown[]) => unknown

/** An object whose calls load the real one first. It is no promise, so that an async function can return it. */
export function defer<Noun extends object>(load: () => Promise<Noun>, plan: Plan<Noun> & Parts): Noun {
  const target: Noun = Object.create(null)
  return new Proxy(target, { get: (_, name) => toMember(load, plan, name) })
}

function toMember(load: Load, plan: Parts, name: string | symbol): unknown {
  if (name === 'then') return undefined
  const part = typeof name === 'string' && Object.hasOwn(plan, name) ? plan[name] : undefined
  const call = async (args: readonly unknown[]): Promise<unknown> => {
    const noun = await load()
    const method: unknown = Reflect.get(noun, name)
    if (typeof method !== 'function') throw new TypeError(`${String(name)} is no method`)
    return Reflect.apply(method, noun, args)
  }
  if (part === undefined) return (...args: readonly unknown[]) => call(args)
  if (part === 'stream') return (...args: readonly unknown[]) => iterate(() => call(args))
  const below: Call = (...args) => defer(async () => toObject(await call(args)), part)
  return new Proxy(below, {
    get: (_, child) => toMember(async () => toObject(Reflect.get(await load(), name)), part, child),
  })
}

function toObject(value: unknown): object {
  if (typeof value === 'object' && value !== null) return value
  throw new TypeError('a plan describes objects')
}

async function* iterate(call: () => Promise<unknown>): AsyncGenerator<unknown, void, undefined> {
  const given = await call()
  if (isAsyncIterable(given)) yield* given
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
