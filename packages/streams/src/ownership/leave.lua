#!lua flags=allow-oom
-- Takes a member out of its group, where its name is still its own.
-- KEYS: members, incarnations   ARGV: member, its incarnation
if redis.call('HGET', KEYS[2], ARGV[1]) == ARGV[2] then
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return 1
