#!lua flags=allow-oom
-- Moves blocks of the fact log, without their erased rows, to the set beside the stream, if the caller still owns the partition. The
-- script frees about as much memory as it takes.
-- KEYS: facts, rewritten facts, state
-- ARGV: epoch, then (entry ID, its sortable text, facts count, block or '' where nothing is left) each
-- Returns {'ok'}, or {'fenced', epoch}.
local epoch = redis.call('HGET', KEYS[3], 'epoch')
if epoch ~= ARGV[1] then
  return { 'fenced', epoch or '' }
end
for i = 2, #ARGV, 4 do
  local id, place, block = ARGV[i], ARGV[i + 1], ARGV[i + 3]
  -- The last event that the block covers. A block that was trimmed meanwhile has none, and is not brought back.
  local position = nil
  for _, entry in ipairs(redis.call('XRANGE', KEYS[1], id, id)) do
    for at = 1, #entry[2], 2 do
      if entry[2][at] == 'p' then
        position = entry[2][at + 1]
      end
    end
    redis.call('XDEL', KEYS[1], id)
  end
  for _, old in ipairs(redis.call('ZRANGEBYLEX', KEYS[2], '[' .. place, '(' .. place .. '\255')) do
    position = string.match(old, '^%S+ %d+ (%S+) ')
    redis.call('ZREM', KEYS[2], old)
  end
  if position and block ~= '' then
    redis.call('ZADD', KEYS[2], 0, place .. ' ' .. ARGV[i + 2] .. ' ' .. position .. ' ' .. block)
  end
end
return { 'ok' }
