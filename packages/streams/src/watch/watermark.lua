-- Up to which time everything that was appended to a partition is attributed and loaded, ms since 1970.
-- One look at all three streams, so that no entry is between two of them meanwhile.
-- KEYS: events, facts, results, outbox, rewritten facts, state   ARGV: attribution group, warehouse group

-- How many blocks before one are looked at for the commit before its own.
local EARLIER_BLOCKS = 16

-- Since when a message is under way: since the event that led to it came. Those behind the oldest are taken to be no older.
local function origin(entry)
  return tonumber(field_of(entry, 'o')) or time_of(entry[1])
end
-- Until when the commit before that of a block covered events, ms since 1970; 0 where nobody knows. A block that no commit wrote covers
-- none.
local function before_commit(id, own)
  for _ = 1, EARLIER_BLOCKS do
    local before = redis.call('XREVRANGE', KEYS[2], '(' .. id, '-', 'COUNT', 1)[1]
    if not before then
      return 0
    end
    local covered = field_of(before, 'p')
    if covered ~= own and time_of(covered) > 0 then
      return time_of(covered)
    end
    id = before[1]
  end
  return 0
end
-- ID of the oldest entry that a group is not done with, or ''; nil where the group is not there: the stream may have been deleted with
-- what was in it, until somebody makes the group again and says so.
local function waiting(key, name, stream)
  local group = groups_of(key)[name]
  if not group then
    return nil
  end
  return oldest_waiting(key, group, done_id(KEYS[6], name, stream))
end

local time = redis.call('TIME')
local complete = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = waiting(KEYS[1], ARGV[1], 'events')
if not oldest then
  complete = math.min(complete, time_of(done_id(KEYS[6], ARGV[1], 'events')))
elseif oldest ~= '' then
  local entry = redis.call('XRANGE', KEYS[1], oldest, oldest)[1]
  complete = math.min(complete, entry and origin(entry) or time_of(oldest))
end
local message = redis.call('XRANGE', KEYS[4], '-', '+', 'COUNT', 1)[1]
if message then
  complete = math.min(complete, origin(message))
end
-- An entry of facts or results bears the time of its commit. The events that it covers came after those that the commit before
-- it covered, which the log of facts tells; where that is trimmed, nobody knows since when.
for i = 2, 3 do
  local id = waiting(KEYS[i], ARGV[2], i == 2 and 'facts' or 'results')
  if not id then
    complete = 0
  elseif id ~= '' then
    local known = redis.call('XRANGE', KEYS[i], id, id)[1]
    local own = known and field_of(known, 'p') or ''
    local since = before_commit(id, own)
    local ms, sequence = string.match(id, '^(%d+)-(%d+)$')
    local place = string.format('%016.0f-%020.0f', ms, sequence)
    for _, member in ipairs(redis.call('ZREVRANGEBYLEX', KEYS[5], '(' .. place, '-', 'LIMIT', 0, 2)) do
      local covered = string.match(member, '^%S+ %d+ (%S+) ')
      if covered ~= own then
        since = math.max(since, time_of(covered))
      end
    end
    complete = math.min(complete, since)
  end
end
return string.format('%.0f', complete)
