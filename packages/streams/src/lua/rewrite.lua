#!lua flags=allow-oom
-- Replaces blocks of the fact log by what is left of them, where the caller still owns the partition. It frees about as much as
-- it takes.
-- KEYS: facts, rewritten facts, state
-- ARGV: epoch, then (entry ID, its sortable text, the new member or '' where nothing is left) each
-- Returns {'ok'}, or {'fenced', epoch}.
local epoch = redis.call('HGET', KEYS[3], 'epoch')
if epoch ~= ARGV[1] then
  return { 'fenced', epoch or '' }
end
for i = 2, #ARGV, 3 do
  local place, member = ARGV[i + 1], ARGV[i + 2]
  local known = redis.call('XDEL', KEYS[1], ARGV[i])
  for _, old in ipairs(redis.call('ZRANGEBYLEX', KEYS[2], '[' .. place, '(' .. place .. '\255')) do
    known = known + redis.call('ZREM', KEYS[2], old)
  end
  -- A block that was trimmed meanwhile stays away.
  if known > 0 and member ~= '' then
    redis.call('ZADD', KEYS[2], 0, member)
  end
end
return { 'ok' }
