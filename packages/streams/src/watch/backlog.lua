-- What of a partition waits, in bytes of Redis's memory: an estimate from a sample of each stream's entries.
-- KEYS: events, facts, results   ARGV: warehouse group
-- Returns {bytes for the workers, bytes for the warehouse and other groups of facts and results}.
local function bytes(key)
  return redis.call('MEMORY', 'USAGE', key) or 0
end
-- The share of a stream that the group which is furthest behind has not acknowledged, for nothing is trimmed past it: what is
-- kept for other reasons is no backlog.
local function waiting(key, name)
  local entries = redis.call('XLEN', key)
  if entries == 0 then
    return 0
  end
  local most
  local known = false
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', key)) do
    local group = {}
    for i = 1, #info, 2 do
      group[info[i]] = info[i + 1]
    end
    known = known or group['name'] == name
    -- Redis does not always know how many entries are left to deliver: then it is all of them, to be on the safe side.
    local left = group['lag'] and group['lag'] + group['pending'] or entries
    most = math.max(most or 0, left)
  end
  if not known then
    return bytes(key)
  end
  return bytes(key) * math.min(most, entries) / entries
end

local events = redis.call('XLEN', KEYS[1]) > 0 and bytes(KEYS[1]) or 0
return { events, math.floor(waiting(KEYS[2], ARGV[1]) + waiting(KEYS[3], ARGV[1])) }
