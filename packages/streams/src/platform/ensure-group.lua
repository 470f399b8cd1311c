-- Makes a consumer group that is not there: the workers' at what they committed, others at what they acknowledged.
-- KEYS: stream, state   ARGV: group, stream's name, where one begins that was never there ('0' or '$')
-- Returns 1 where it made a group that had been there before.
local known = redis.call('HEXISTS', KEYS[2], (progress_fields(ARGV[1], ARGV[2]))) == 1
if ARGV[2] ~= 'events' then
  return ensure_group(KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]) and known and 1 or 0
end
if groups_of(KEYS[1])[ARGV[1]] then
  return 0
end
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], done_id(KEYS[2], ARGV[1], ARGV[2]), 'MKSTREAM')
return known and 1 or 0
