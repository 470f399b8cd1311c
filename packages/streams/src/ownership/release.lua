#!lua flags=allow-oom
-- Gives a lease back, if it is still the caller's.
-- KEYS: lease, state   ARGV: worker, epoch   Returns 1 or 0.
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('HGET', KEYS[2], 'epoch') ~= ARGV[2] then
  return 0
end
redis.call('DEL', KEYS[1])
return 1
