#!lua flags=allow-oom
-- Acknowledges entries of a stream, and writes down up to where all of them are.
-- KEYS: stream, state
-- ARGV: group, stream's name, now (ms), consumer, number of entries, their IDs, then runs of entries that are all acknowledged now: (ID
--       behind which it begins, number of entries, their IDs) each
-- Returns the ID up to which all is acknowledged.
local entries = tonumber(ARGV[5])
for i = 1, entries do
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[5 + i])
end
if entries > 0 and ARGV[1] == 'warehouse' then
  redis.call('HSET', KEYS[2], 'loaded_at', ARGV[3], 'loaded_by', ARGV[4])
end
return advance(KEYS[2], ARGV[1], ARGV[2], 6 + entries)
