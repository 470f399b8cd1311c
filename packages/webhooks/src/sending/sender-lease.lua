#!lua flags=allow-oom
-- Takes, renews or releases the sender's lease.
-- KEYS: lease   ARGV: process, time that it holds (ms; 0 gives it back)
-- Returns 1 where the process holds it afterwards, else 0.
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
