-- Up to which time everything that was appended to a partition is attributed and loaded, ms since 1970: what came before it is.
-- One look at all three streams, so that no entry is between two of them meanwhile.
-- KEYS: events, facts, results, outbox, rewritten facts   ARGV: attribution group, warehouse group
local function group(key, name)
  if redis.call('EXISTS', key) == 0 then
    return nil
  end
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', key)) do
    local fields = {}
    for i = 1, #info, 2 do
      fields[info[i]] = info[i + 1]
    end
    if fields['name'] == name then
      return fields
    end
  end
  return nil
end
-- ID of the oldest entry that the group has not acknowledged, or nil.
local function oldest(key, name)
  local found = group(key, name)
  if not found then
    return nil
  end
  if found['pending'] > 0 then
    return redis.call('XPENDING', key, name)[2]
  end
  local next = redis.call('XRANGE', key, '(' .. found['last-delivered-id'], '+', 'COUNT', 1)
  return next[1] and next[1][1]
end
local function milliseconds(id)
  return tonumber(string.match(id, '^%d+'))
end
-- The last event that an entry of facts or results covers.
local function field(entry, name)
  for i = 1, #entry[2], 2 do
    if entry[2][i] == name then
      return entry[2][i + 1]
    end
  end
  return ''
end
local function position(entry)
  return field(entry, 'p')
end
-- Since when a message is under way: since the event that led to it came. Those behind the oldest are taken to be no older.
local function origin(entry)
  return tonumber(field(entry, 'o')) or milliseconds(entry[1])
end

local time = redis.call('TIME')
local complete = time[1] * 1000 + math.floor(time[2] / 1000)
local waiting = oldest(KEYS[1], ARGV[1])
if waiting then
  local entry = redis.call('XRANGE', KEYS[1], waiting, waiting)[1]
  complete = math.min(complete, entry and origin(entry) or milliseconds(waiting))
end
local message = redis.call('XRANGE', KEYS[4], '-', '+', 'COUNT', 1)[1]
if message then
  complete = math.min(complete, origin(message))
end
-- An entry of facts or results bears the time of its commit. The events that it covers came after those that the commit before
-- it covered, which the log of facts tells; where that is trimmed, nobody knows since when.
for _, key in ipairs({ KEYS[2], KEYS[3] }) do
  local entry = oldest(key, ARGV[2])
  if entry then
    local known = redis.call('XRANGE', key, entry, entry)[1]
    local own = known and position(known) or ''
    local since = 0
    for _, before in ipairs(redis.call('XREVRANGE', KEYS[2], entry, '-', 'COUNT', 2)) do
      if since == 0 and before[1] ~= entry and position(before) ~= own then
        since = milliseconds(position(before))
      end
    end
    local ms, sequence = string.match(entry, '^(%d+)-(%d+)$')
    local place = string.format('%016.0f-%020.0f', ms, sequence)
    for _, member in ipairs(redis.call('ZREVRANGEBYLEX', KEYS[5], '(' .. place, '-', 'LIMIT', 0, 2)) do
      local covered = string.match(member, '^%S+ %d+ (%S+) ')
      if covered ~= own then
        since = math.max(since, milliseconds(covered))
      end
    end
    complete = math.min(complete, since)
  end
end
return string.format('%.0f', complete)
