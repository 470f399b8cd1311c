-- Marks a live member as draining, unless nobody would be left to own its partitions.
-- KEYS: members, draining   ARGV: member   Returns 'ok', 'unknown' or 'last'.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 1)
local known, others = false, 0
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if member == ARGV[1] then
    known = true
  elseif redis.call('SISMEMBER', KEYS[2], member) == 0 then
    others = others + 1
  end
end
if not known then
  return 'unknown'
end
if others == 0 then
  return 'last'
end
redis.call('SADD', KEYS[2], ARGV[1])
return 'ok'
