#!lua flags=allow-oom
-- Takes a partition's lease where nobody holds it, with a new fencing epoch.
-- KEYS: lease, state   ARGV: worker, ttl ms
-- Returns {1, epoch, position} or {0, owner}.
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then
  return { 0, owner }
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local epoch = redis.call('HINCRBY', KEYS[2], 'epoch', 1)
local time = redis.call('TIME')
redis.call('HSET', KEYS[2], 'owner', ARGV[1], 'acquired_at', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
return { 1, tostring(epoch), redis.call('HGET', KEYS[2], 'position') or '0-0' }
