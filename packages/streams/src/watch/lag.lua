-- What a partition has left to do, as numbers that can be defended: entries ever appended less entries ever committed,
-- not XINFO's lag, which is null or wrong after some deletions.
-- KEYS: events, facts, results, state, lease, dead-letters, outbox   ARGV: attribution group, warehouse group
local function groups(key)
  local found = {}
  if redis.call('EXISTS', key) == 1 then
    for _, info in ipairs(redis.call('XINFO', 'GROUPS', key)) do
      local group = {}
      for i = 1, #info, 2 do
        group[info[i]] = info[i + 1]
      end
      found[group['name']] = group
    end
  end
  return found
end
local function stream(key)
  local info = {}
  if redis.call('EXISTS', key) == 1 then
    local reply = redis.call('XINFO', 'STREAM', key)
    for i = 1, #reply, 2 do
      info[reply[i]] = reply[i + 1]
    end
  end
  return info
end
-- ID of the oldest entry that the group has not acknowledged, or ''.
local function oldest(key, name, group)
  if not group then
    return ''
  end
  if group['pending'] > 0 then
    return redis.call('XPENDING', key, name)[2]
  end
  local next = redis.call('XRANGE', key, '(' .. group['last-delivered-id'], '+', 'COUNT', 1)
  return next[1] and next[1][1] or ''
end

local events = stream(KEYS[1])
local group = groups(KEYS[1])[ARGV[1]]
local committed = tonumber(redis.call('HGET', KEYS[4], 'entries') or '0')
local result = {
  tostring((events['entries-added'] or 0) - committed),
  tostring(group and group['pending'] or 0),
  oldest(KEYS[1], ARGV[1], group),
  redis.call('GET', KEYS[5]) or '',
  redis.call('HGET', KEYS[4], 'epoch') or '0',
  redis.call('HGET', KEYS[4], 'position') or '0-0',
}
result[#result + 1] = tostring(committed)
result[#result + 1] = redis.call('HGET', KEYS[4], 'events') or '0'
result[#result + 1] = tostring(redis.call('XLEN', KEYS[6]))
local letter = redis.call('XRANGE', KEYS[6], '-', '+', 'COUNT', 1)
result[#result + 1] = letter[1] and letter[1][1] or ''
for _, key in ipairs({ KEYS[2], KEYS[3] }) do
  local warehouse = groups(key)[ARGV[2]]
  local undelivered = warehouse and warehouse['lag'] or 0
  result[#result + 1] = tostring(undelivered or 0)
  result[#result + 1] = tostring(warehouse and warehouse['pending'] or 0)
  result[#result + 1] = oldest(key, ARGV[2], warehouse)
  result[#result + 1] = tostring(stream(key)['entries-added'] or 0)
end
result[#result + 1] = tostring(redis.call('XLEN', KEYS[7]))
local message = redis.call('XRANGE', KEYS[7], '-', '+', 'COUNT', 1)
result[#result + 1] = message[1] and message[1][1] or ''
return result
