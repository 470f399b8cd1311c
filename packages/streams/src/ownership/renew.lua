#!lua flags=allow-oom
-- Prolongs a lease that is still the caller's, also where it ran out but nobody took the partition since.
-- KEYS: lease, state   ARGV: worker, epoch, ttl ms   Returns 1, or 0 where it is lost.
local owner = redis.call('GET', KEYS[1])
if (owner and owner ~= ARGV[1]) or redis.call('HGET', KEYS[2], 'epoch') ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
