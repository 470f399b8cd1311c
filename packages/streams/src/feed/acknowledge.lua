#!lua flags=allow-oom
-- Acknowledges entries of a stream, and writes down up to where all of them are.
-- KEYS: stream, state
-- ARGV: group, stream's name, now (ms), consumer, number of entries, their IDs, then runs of entries that are all acknowledged now: (number
--       of entries, their IDs) each
-- Returns the ID up to which all is acknowledged.

-- Fewer than Lua's stack takes.
local ACKNOWLEDGED_AT_ONCE = 1000

local entries = tonumber(ARGV[5])
for from = 6, 5 + entries, ACKNOWLEDGED_AT_ONCE do
  local to = math.min(from + ACKNOWLEDGED_AT_ONCE - 1, 5 + entries)
  redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, from, to))
end
if entries > 0 and ARGV[1] == 'warehouse' then
  redis.call('HSET', KEYS[2], 'loaded_at', ARGV[3], 'loaded_by', ARGV[4])
end
return advance(KEYS[1], KEYS[2], ARGV[1], ARGV[2], 6 + entries)
