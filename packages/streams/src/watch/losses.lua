-- Writes down how many entries of a stream are gone that a group was not done with: trimmed or deleted by somebody, or with the stream.
-- KEYS: stream, state   ARGV: group, stream's name
-- Returns {entries found gone now, 1 where the stream is another than the one that was counted, entries that wait, entries ever
-- appended}.

-- So many entries that wait are counted one by one. With more, losses are found when there are fewer.
local MOST_COUNTED = 64

local key, state, name, stream = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local done_field, count_field, lost_field = progress_fields(name, stream)
local done = redis.call('HGET', state, done_field)
local info = stream_of(key)
local added = info['entries-added']
-- Nobody has said yet, or can say any more, what was done with.
if not done then
  return { 0, 0, info['length'], added }
end
local count = tonumber(redis.call('HGET', state, count_field) or '0')
local lost = tonumber(redis.call('HGET', state, lost_field) or '0')
local renewed = added < count + lost
local behind = added - count - lost
if not renewed and behind == 0 then
  return { 0, 0, 0, added }
end
local present = #redis.call('XRANGE', key, '(' .. done, '+', 'COUNT', MOST_COUNTED + 1)
if present > MOST_COUNTED then
  present = info['length']
end
if renewed then
  redis.call('HSET', state, count_field, added - present, lost_field, 0)
  return { 0, 1, present, added }
end
local gone = math.max(0, behind - present)
if gone > 0 then
  redis.call('HINCRBY', state, lost_field, gone)
end
return { gone, 0, behind - gone, added }
