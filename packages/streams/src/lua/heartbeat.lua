#!lua flags=allow-oom
-- Keeps a member of a group alive and tells who the live members are, by the server's clock, and which of them drain.
-- KEYS: members, draining   ARGV: member ('' to only look), ttl ms, 'join' where the member is only starting
-- Returns {members, draining}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[1] ~= '' then
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
  -- A drain is of the process that ran then: one that is started again takes part.
  if ARGV[3] == 'join' then
    redis.call('SREM', KEYS[2], ARGV[1])
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
return { redis.call('ZRANGE', KEYS[1], 0, -1), draining }
