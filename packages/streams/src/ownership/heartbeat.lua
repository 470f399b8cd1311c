#!lua flags=allow-oom
-- Keeps a member of a group alive and returns the live members, by the server's clock, and those that drain. A name
-- is one process's, the one that joined last: two of one name would take each other's partitions for ever.
-- KEYS: members, draining, incarnations
-- ARGV: member ('' to only look), ttl ms, 'join' where the member is only starting, its incarnation
-- Returns {members, draining, 1 where the name is another process's by now}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local replaced = 0
if ARGV[1] ~= '' then
  local held = redis.call('HGET', KEYS[3], ARGV[1])
  if ARGV[3] ~= 'join' and held and held ~= ARGV[4] then
    replaced = 1
  else
    redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
    redis.call('HSET', KEYS[3], ARGV[1], ARGV[4])
    -- A drain is of the process that ran then: one that is started again takes part.
    if ARGV[3] == 'join' then
      redis.call('SREM', KEYS[2], ARGV[1])
    end
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 1)
local draining = {}
for _, member in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  if redis.call('ZSCORE', KEYS[1], member) then
    draining[#draining + 1] = member
  else
    redis.call('SREM', KEYS[2], member)
  end
end
for _, member in ipairs(redis.call('HKEYS', KEYS[3])) do
  if not redis.call('ZSCORE', KEYS[1], member) then
    redis.call('HDEL', KEYS[3], member)
  end
end
return { redis.call('ZRANGE', KEYS[1], 0, -1), draining, replaced }
