import { z } from 'zod/mini'

export const integer = (min: number, max: number) => z.int().check(z.minimum(min), z.maximum(max))
export const text = (pattern: RegExp) => z.string().check(z.regex(pattern))
export const textThat = (holds: (text: string) => boolean) => z.string().check(z.refine(holds))
/** What a header can carry. */
export const printable = text(/^[!-~]{1,1024}$/)
export const expectedPrintable = 'a text of 1 to 1024 printable characters'
export const seconds = (max: number) => integer(1, max)
export const secondsOrNever = integer(0, 86_400)
export const milliseconds = (max: number) => integer(1, max)
/** Without a user or password: such a URL is shown in messages, and `fetch` refuses it. */
export const webUrl = z.url({ protocol: /^https?$/ }).check(z.refine((url) => !/^https?:\/\/[^/?#]*@/i.test(url)))
/** In the file and in overrides a list; in the environment texts with commas between them. */
export const listOf = (entry: z.ZodMiniString) => z.readonly(z.array(entry).check(z.maxLength(1000)))
/** RFC 6750 b64token: what an Authorization header can carry as it is. */
export const bearerToken = text(/^[A-Za-z0-9._~+/-]{20,200}=*$/)
export const hostName = z.union([z.ipv4(), z.ipv6(), text(z.regexes.hostname)])
