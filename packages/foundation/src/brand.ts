declare const brand: unique symbol

/** A primitive that cannot be mistaken for another of the same shape: `Brand<number, 'Credits'>`. */
export type Brand<Value, Name extends string> = Value & { readonly [brand]: Name }
