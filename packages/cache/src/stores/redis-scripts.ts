/**
 * The decisions of the store, each one script, so that it is atomic. A key's entry is a hash: value, tags, number, and
 * when its freshness ends by the server's clock. A hash without a value says when its key was deleted.
 */

const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/** Whether an entry with these tags and this number was invalidated since. */
const isVoid = `
local function void(epochs, tags, number)
  local names = cjson.decode(tags)
  names[#names + 1] = ''
  for _, at in ipairs(redis.call('HMGET', epochs, unpack(names))) do
    if at and tonumber(at) >= number then return true end
  end
  return false
end
`

/** The stream of what happened keeps the last 10,000; who is further behind starts again. */
const announce = `
local function announce(stream, kind, namespace, name, number, origin)
  redis.call('XADD', stream, 'MAXLEN', '~', 10000, '*', 'e', cjson.encode({ kind, namespace, name, tostring(number), origin }))
end
`

/** Once a script: who hears it looks at the stream. An ACL that forbids it costs the hint, not the change. */
const wake = `
local function wake(stream, origin) redis.pcall('PUBLISH', stream, origin) end
`

/** Milliseconds for which a deleted key refuses what was read before. */
const tombstoneMs = 600_000

/** KEYS: order, epochs, then entry, lease and failure of each key. ARGV: holder and lease ms, or none. */
const read = `
${now}${isVoid}
local number = redis.call('INCR', KEYS[1])
local answer = { tostring(number) }
for i = 3, #KEYS, 3 do
  local found = redis.call('HMGET', KEYS[i], 'v', 't', 'n', 'f')
  local entry, lease = {}, {}
  local fresh = false
  if found[1] and not void(KEYS[2], found[2], tonumber(found[3])) then
    local left = redis.call('PTTL', KEYS[i])
    entry = { found[1], found[2], found[3], tostring(found[4] - now), tostring(left) }
    fresh = tonumber(found[4]) > now
  end
  if #ARGV > 0 and not fresh then
    local failure = redis.call('GET', KEYS[i + 2])
    if failure then
      lease = { 'failed', failure, tostring(redis.call('PTTL', KEYS[i + 2])) }
    elseif redis.call('SET', KEYS[i + 1], number, 'NX', 'PX', ARGV[2]) then
      lease = { 'granted', tostring(number) }
    else
      lease = { 'held', '', tostring(redis.call('PTTL', KEYS[i + 1])) }
    end
  end
  answer[#answer + 1] = { entry, lease }
end
return answer
`

/** KEYS: order, epochs, events, then entry, lease and failure of each. ARGV: namespace, origin, then seven of each. */
const write = `
${now}${isVoid}${announce}${wake}
local answer, announced = {}, false
local own = redis.call('INCR', KEYS[1])
local a = 3
for i = 4, #KEYS, 3 do
  local key, value, fresh, stale, tags = ARGV[a], ARGV[a + 1], tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3]), ARGV[a + 4]
  local readAt, token = tonumber(ARGV[a + 5]), ARGV[a + 6]
  local number = readAt > 0 and readAt or own
  local known = tonumber(redis.call('HGET', KEYS[i], 'n') or '0')
  -- The same number: an earlier one of this call, of which the later counts.
  if (known < number or number == own) and not void(KEYS[2], tags, number) then
    redis.call('DEL', KEYS[i])
    if stale > 0 then
      redis.call('HSET', KEYS[i], 'v', value, 't', tags, 'n', string.format('%.0f', number), 'f', string.format('%.0f', now + fresh))
      redis.call('PEXPIRE', KEYS[i], stale)
    end
    if readAt == 0 then
      announce(KEYS[3], 'set', ARGV[1], key, string.format('%.0f', number), ARGV[2])
      announced = true
    end
    answer[#answer + 1] = string.format('%.0f', number)
  else
    answer[#answer + 1] = '0'
  end
  if token == '0' or redis.call('GET', KEYS[i + 1]) == token then redis.call('DEL', KEYS[i + 1]) end
  redis.call('DEL', KEYS[i + 2])
  a = a + 7
end
if announced then wake(KEYS[3], ARGV[2]) end
return answer
`

/** KEYS: order, events, then the entries. ARGV: namespace, origin, keys. */
const expire = `
${now}${announce}${wake}
local number = redis.call('INCR', KEYS[1])
for i = 3, #KEYS do
  local fresh = redis.call('HGET', KEYS[i], 'f')
  if fresh then
    redis.call('HSET', KEYS[i], 'f', string.format('%.0f', math.min(tonumber(fresh), now)), 'n', number)
  end
  announce(KEYS[2], 'set', ARGV[1], ARGV[i], number, ARGV[2])
end
wake(KEYS[2], ARGV[2])
`

/** KEYS: order, events, then entry, lease and failure of each key. ARGV: namespace, origin, keys. */
const remove = `
${announce}${wake}
local number = redis.call('INCR', KEYS[1])
local a = 3
for i = 3, #KEYS, 3 do
  redis.call('DEL', KEYS[i], KEYS[i + 1], KEYS[i + 2])
  redis.call('HSET', KEYS[i], 'n', number)
  redis.call('PEXPIRE', KEYS[i], ${tombstoneMs})
  announce(KEYS[2], 'delete', ARGV[1], ARGV[a], number, ARGV[2])
  a = a + 1
end
wake(KEYS[2], ARGV[2])
`

/** KEYS: order, epochs, events. ARGV: namespace, origin, tags. Beyond 10,000 tags the namespace is cleared instead. */
const invalidate = `
${announce}${wake}
local number = redis.call('INCR', KEYS[1])
if redis.call('HLEN', KEYS[2]) > 10000 then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], '', number)
  announce(KEYS[3], 'clear', ARGV[1], '', number, ARGV[2])
  return wake(KEYS[3], ARGV[2])
end
for i = 3, #ARGV do
  redis.call('HSET', KEYS[2], ARGV[i], number)
  announce(KEYS[3], 'tag', ARGV[1], ARGV[i], number, ARGV[2])
end
wake(KEYS[3], ARGV[2])
`

const clear = `
${announce}${wake}
local number = redis.call('INCR', KEYS[1])
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], '', number)
announce(KEYS[3], 'clear', ARGV[1], '', number, ARGV[2])
wake(KEYS[3], ARGV[2])
`

const renew = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`

const release = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if tonumber(ARGV[3]) > 0 then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) end
return 1
`

/** Where the stream ends now: the run of the server and the last id. A restart without its data begins another order. */
const end = `
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return (last[1] and last[1][1] or '0-0') .. '|' .. (redis.call('GET', KEYS[2]) or '0')
`

/** ARGV: cursor, count. Answers reset, the next cursor, then the events. */
const poll = `
local id, number = string.match(ARGV[1], '^([^|]+)|(%d+)$')
local present = tonumber(redis.call('GET', KEYS[2]) or '0')
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local head = (last[1] and last[1][1] or '0-0') .. '|' .. string.format('%.0f', present)
if present < tonumber(number) then return { 1, head } end
if id ~= '0-0' and #redis.call('XRANGE', KEYS[1], '-', id, 'COUNT', 1) == 0 then return { 1, head } end
local found = redis.call('XRANGE', KEYS[1], '(' .. id, '+', 'COUNT', ARGV[2])
local answer = { 0, ARGV[1] }
for _, event in ipairs(found) do
  answer[2] = event[1] .. '|' .. string.format('%.0f', present)
  answer[#answer + 1] = cjson.decode(event[2][2])
end
return answer
`

export const scripts = { read, write, expire, delete: remove, invalidate, clear, renew, release, end, poll }
