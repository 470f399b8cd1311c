#!lua flags=allow-oom
-- Acknowledges entries that were committed before, where that is still so: a failover may have taken the commit back.
-- KEYS: events, state   ARGV: epoch, committed ID, group, then the entries' IDs
-- Returns {'ok'}, {'fenced', epoch} or {'conflict', committed ID}.
local found = redis.call('HMGET', KEYS[2], 'epoch', 'position')
if found[1] ~= ARGV[1] then
  return { 'fenced', found[1] or '' }
end
if (found[2] or '0-0') ~= ARGV[2] then
  return { 'conflict', found[2] or '0-0' }
end
for i = 4, #ARGV do
  redis.call('XACK', KEYS[1], ARGV[3], ARGV[i])
end
return { 'ok' }
