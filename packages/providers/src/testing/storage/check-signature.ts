import { createHash, createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Whether a request carries a signature (AWS Signature Version 4) made with these keys, in its header or its address. */
export function isSigned(request: IncomingMessage, url: URL, { accessKeyId, secretAccessKey }: Keys): boolean {
  const header = request.headers.authorization ?? ''
  const [, fromHeader, signedInHeader = '', givenInHeader] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(header) ?? []
  const query = new Map(url.searchParams)
  const credential = fromHeader ?? query.get('X-Amz-Credential') ?? ''
  const given = givenInHeader ?? query.get('X-Amz-Signature')
  const signedNames = (fromHeader === undefined ? (query.get('X-Amz-SignedHeaders') ?? '') : signedInHeader).split(';')
  const time = String(request.headers['x-amz-date'] ?? query.get('X-Amz-Date'))
  const [keyId, day = '', region = '', service = ''] = credential.split('/')
  if (keyId !== accessKeyId || service !== 's3' || !time.startsWith(day)) return false
  if (fromHeader === undefined && isOver(time, Number(query.get('X-Amz-Expires')))) return false
  query.delete('X-Amz-Signature')
  const encode = (text: string) =>
    encodeURIComponent(text).replaceAll(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
  const canonicalQuery = [...query]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&')
  const headers = signedNames.map((name) => `${name}:${String(request.headers[name] ?? '').trim()}\n`).join('')
  const payload = request.headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD'
  const canonical = [request.method, url.pathname, canonicalQuery, headers, signedNames.join(';'), payload].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const digest = createHash('sha256').update(canonical).digest('hex')
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const key = ['aws4_request', 's3', region, day].reduceRight<string | Buffer>(hmac, `AWS4${secretAccessKey}`)
  return given === hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${digest}`).toString('hex')
}

function isOver(time: string, seconds: number): boolean {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? []
  return !(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) + seconds * 1000 > Date.now())
}
