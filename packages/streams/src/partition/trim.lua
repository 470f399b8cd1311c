-- Trims a stream, never past what a group has not acknowledged.
-- KEYS: stream, and for events the state, past whose position nothing goes: what was never committed is still needed
-- ARGV: ID to keep from ('' for no other bound than the groups), then the groups that must exist
-- Returns how many entries were trimmed.
local function parse(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local function before(a, b)
  local a_ms, a_seq = parse(a)
  local b_ms, b_seq = parse(b)
  return a_ms < b_ms or (a_ms == b_ms and a_seq < b_seq)
end

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local keep = ARGV[1] ~= '' and ARGV[1] or nil
if KEYS[2] then
  local ms, seq = parse(redis.call('HGET', KEYS[2], 'position') or '0-0')
  keep = string.format('%.0f-%.0f', ms, seq + 1)
end
local seen = {}
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #info, 2 do
    group[info[i]] = info[i + 1]
  end
  seen[group['name']] = true
  local from
  if group['pending'] > 0 then
    from = redis.call('XPENDING', KEYS[1], group['name'])[2]
  else
    local ms, seq = parse(group['last-delivered-id'])
    from = string.format('%.0f-%.0f', ms, seq + 1)
  end
  if keep == nil or before(from, keep) then
    keep = from
  end
end
for i = 2, #ARGV do
  if not seen[ARGV[i]] then
    return 0
  end
end
if keep == nil then
  return 0
end
return redis.call('XTRIM', KEYS[1], 'MINID', keep)
