import { uuidv7 } from '@core/foundation'

/** What a program without Core's packages would write: one POST, and the JSON of its answer. */
export async function callBarely(url: string, key: string, args: object): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-profile': 'core_api' },
    body: JSON.stringify(args),
  })
  if (!response.ok) throw new Error(`${url} answered ${response.status} ${await response.text()}`)
  return Object(await response.json())
}

export const reserveArgs = (account: string) => ({ p_account: account, p_amount: 1_000, p_key: uuidv7() })
