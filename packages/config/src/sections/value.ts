import { z } from 'zod'

export const seconds = (max: number) => z.int().min(1).max(max)
export const secondsOrNever = z.int().min(0).max(86_400)
export const milliseconds = (max: number) => z.int().min(1).max(max)
/** Without a user or password: such a URL is shown in messages, and `fetch` refuses it. */
export const webUrl = z.url({ protocol: /^https?$/ }).refine((url) => !/^https?:\/\/[^/?#]*@/i.test(url))
/** In the file and in overrides a list; in the environment texts with commas between them. */
export const listOf = (entry: z.ZodString) => z.array(entry).max(1000).readonly()
/** RFC 6750 b64token: what an Authorization header can carry as it is. */
export const bearerToken = z.string().regex(/^[A-Za-z0-9._~+/-]{20,200}=*$/)
export const hostName = z.union([z.ipv4(), z.ipv6(), z.string().regex(z.regexes.hostname)])
