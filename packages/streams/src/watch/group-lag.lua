-- What a group has left to do in a stream.
-- KEYS: stream   ARGV: group
-- Returns {undelivered, pending, ID of the oldest entry that is not acknowledged or ''}; nothing where there is no such group.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {}
end
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #info, 2 do
    group[info[i]] = info[i + 1]
  end
  if group['name'] == ARGV[1] then
    local next = redis.call('XRANGE', KEYS[1], '(' .. group['last-delivered-id'], '+', 'COUNT', 1)
    local oldest = next[1] and next[1][1] or ''
    if group['pending'] > 0 then
      oldest = redis.call('XPENDING', KEYS[1], ARGV[1])[2]
    end
    -- Redis does not always know how many are left to deliver: then it is all of them, unless there is none.
    local undelivered = next[1] and (group['lag'] or redis.call('XLEN', KEYS[1])) or 0
    return { tostring(undelivered), tostring(group['pending']), oldest }
  end
end
return {}
