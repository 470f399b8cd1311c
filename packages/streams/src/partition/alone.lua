#!lua flags=allow-oom
-- Writes down that an entry is tried alone, before it is: should it end the whole process, the next owner knows. Counts
-- ownerships, not tries: within one epoch the process that tries it still lives.
-- KEYS: state   ARGV: epoch, entry ID, 'try' or 'survived' (takes the try of that epoch back)
-- Returns {'ok', tries} or {'fenced', epoch}.
local was = redis.call('HMGET', KEYS[1], 'alone_id', 'alone_epoch', 'alone_tries')
local tries = was[1] == ARGV[2] and tonumber(was[3]) or 0
local counted = was[1] == ARGV[2] and was[2] == ARGV[1]
if ARGV[3] == 'survived' then
  -- Also one whose lease is another's by now: it lives to say so, and that is what counts.
  if tries > 0 then
    redis.call('HSET', KEYS[1], 'alone_epoch', counted and '' or was[2], 'alone_tries', tries - 1)
  end
  return { 'ok', tries }
end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  return { 'fenced', redis.call('HGET', KEYS[1], 'epoch') or '' }
end
if not counted then
  tries = tries + 1
  redis.call('HSET', KEYS[1], 'alone_id', ARGV[2], 'alone_epoch', ARGV[1], 'alone_tries', tries)
end
return { 'ok', tries }
