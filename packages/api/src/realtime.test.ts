import { expect, test } from 'vitest'
import { createRealtimeClient } from './realtime.ts'

test('a key that no header can carry is refused at once, and not tried without end', async () => {
  const open = (key: string) => createRealtimeClient({ url: 'http://127.0.0.1:4400', key })
  expect(() => open('ck_live_a\n')).toThrow(expect.objectContaining({ code: 'E_INVALID' }))
  await open('ck_live_a').close()
})
