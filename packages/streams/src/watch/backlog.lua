-- What of a partition waits, in bytes of Redis's memory: an estimate from a sample of each stream's entries.
-- KEYS: events, facts, results, state   ARGV: warehouse group
-- Returns {bytes for the workers, bytes for the warehouse and other groups of facts and results}.
local function bytes(key)
  return redis.call('MEMORY', 'USAGE', key) or 0
end
-- The share of a stream that the group which is furthest behind is not done with, for nothing is trimmed past it: what is kept for
-- other reasons is no backlog.
local function waiting(key, stream)
  local entries = redis.call('XLEN', key)
  if entries == 0 then
    return 0
  end
  local most = waiting_in(key, KEYS[4], ARGV[1], stream)
  for name, group in pairs(groups_of(key)) do
    if redis.call('HEXISTS', KEYS[4], (progress_fields(name, stream))) == 1 then
      most = math.max(most, waiting_in(key, KEYS[4], name, stream))
    elseif name ~= ARGV[1] then
      -- One that is not ours. Redis does not always know how many entries are left to deliver: then it is all of them.
      most = math.max(most, group['lag'] and group['lag'] + group['pending'] or entries)
    end
  end
  return bytes(key) * math.min(most, entries) / entries
end

local events = redis.call('XLEN', KEYS[1]) > 0 and bytes(KEYS[1]) or 0
return { events, math.floor(waiting(KEYS[2], 'facts') + waiting(KEYS[3], 'results')) }
