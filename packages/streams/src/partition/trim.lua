-- Trims a stream up to the first entry that a group still needs, wherever the group was set: of the events the first one that is not
-- committed, of facts and results the first one that is not acknowledged.
-- KEYS: stream, state
-- ARGV: stream's name, ID to keep from ('' for no other bound than the groups), then the groups that must exist
-- Returns how many entries were trimmed.
local groups = groups_of(KEYS[1])
local keep = ARGV[2] ~= '' and ARGV[2] or nil
local function keep_from(id)
  if keep == nil or is_before(id, keep) then
    keep = id
  end
end

for i = 3, #ARGV do
  if not groups[ARGV[i]] then
    return 0
  end
  keep_from(id_after(done_id(KEYS[2], ARGV[i], ARGV[1])))
end
for name, group in pairs(groups) do
  if redis.call('HEXISTS', KEYS[2], (progress_fields(name, ARGV[1]))) == 1 then
    keep_from(id_after(done_id(KEYS[2], name, ARGV[1])))
  end
  if group['pending'] > 0 then
    keep_from(redis.call('XPENDING', KEYS[1], name)[2])
  else
    keep_from(id_after(group['last-delivered-id']))
  end
end
if keep == nil then
  return 0
end
return redis.call('XTRIM', KEYS[1], 'MINID', keep)
