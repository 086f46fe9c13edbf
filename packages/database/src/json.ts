/** What a function of core_api answers: parsed JSON. Numbers are exact up to 2^53 - 1. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** What may be sent as an argument. `undefined` is left out, so the function's own default applies. */
export type JsonInput =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly JsonInput[]
  | { readonly [key: string]: JsonInput }
