-- What scripts ask of streams and their consumer groups. In front of each script that names it (see script.ts).

-- The fields of a flat reply by their names.
local function fields_of(reply)
  local fields = {}
  for i = 1, #reply, 2 do
    fields[reply[i]] = reply[i + 1]
  end
  return fields
end

-- XINFO GROUPS by the groups' names; empty where there is no stream.
local function groups_of(key)
  local groups = {}
  if redis.call('EXISTS', key) == 1 then
    for _, reply in ipairs(redis.call('XINFO', 'GROUPS', key)) do
      local group = fields_of(reply)
      groups[group['name']] = group
    end
  end
  return groups
end

-- XINFO STREAM; of a stream that is not there, what it says of one without entries.
local function stream_of(key)
  if redis.call('EXISTS', key) == 0 then
    return { ['length'] = 0, ['entries-added'] = 0, ['last-generated-id'] = '0-0' }
  end
  return fields_of(redis.call('XINFO', 'STREAM', key))
end

-- When an entry was appended, ms since 1970; 0 for what is no ID.
local function time_of(id)
  return tonumber(string.match(id or '', '^(%d+)%-%d+$')) or 0
end

local function parts_of(id)
  local ms, sequence = string.match(id, '^(%d+)%-(%d+)$')
  return tonumber(ms), tonumber(sequence)
end

local function is_before(a, b)
  local a_ms, a_sequence = parts_of(a)
  local b_ms, b_sequence = parts_of(b)
  return a_ms < b_ms or (a_ms == b_ms and a_sequence < b_sequence)
end

local function id_after(id)
  local ms, sequence = parts_of(id)
  return string.format('%.0f-%.0f', ms, sequence + 1)
end

local function id_before(id)
  local ms, sequence = parts_of(id)
  if sequence > 0 then
    return string.format('%.0f-%.0f', ms, sequence - 1)
  end
  -- The largest sequence number is none that Lua can count to.
  return ms > 0 and string.format('%.0f-18446744073709551615', ms - 1) or '0-0'
end

-- ID of the first entry behind an ID, or ''.
local function first_after(key, id)
  local entry = redis.call('XRANGE', key, '(' .. id, '+', 'COUNT', 1)[1]
  return entry and entry[1] or ''
end

-- A field of an entry, or ''.
local function field_of(entry, name)
  return fields_of(entry[2])[name] or ''
end

-- Fields of an entry beside its count and its block: rows and origin of a message, and the last entry that a block was made from. A
-- dead letter keeps them.
local CARRIED_FIELDS = { 'm', 'o', 'p' }

-- The fields of a partition's state that say how far a group has come in a stream: the ID up to which it is done with all entries,
-- how many those were, and how many were gone before it had them.
local function progress_fields(group, stream)
  if stream == 'events' then
    return 'position', 'entries', 'lost:' .. group .. ':events'
  end
  local of = group .. ':' .. stream
  return 'acknowledged:' .. of, 'acknowledged_entries:' .. of, 'lost:' .. of
end

-- ID up to which a group is done with all entries of a stream. It is what the group itself wrote down, not where the group stands in
-- Redis: that may be lost, or set past entries that nobody had.
local function done_id(state, group, stream)
  return redis.call('HGET', state, (progress_fields(group, stream))) or '0-0'
end

-- ID of the first entry that a group is not done with, or ''. A group that was set back is given earlier entries again.
local function first_behind(key, group, done)
  if group and is_before(group['last-delivered-id'], done) then
    return first_after(key, group['last-delivered-id'])
  end
  return first_after(key, done)
end

-- ID of the oldest entry that a group is not done with, or ''. Pending ones may be older than the others: they were given back.
local function oldest_waiting(key, group, done)
  local oldest = first_behind(key, group, done)
  if group and group['pending'] > 0 then
    local pending = redis.call('XPENDING', key, group['name'])[2]
    if pending and (oldest == '' or is_before(pending, oldest)) then
      oldest = pending
    end
  end
  return oldest
end

-- Whether no consumer will be given the first entry that a group is not done with: there is no group, or it was set past the entry.
local function is_stranded(key, group, first)
  if first == '' then
    return false
  end
  if not group then
    return true
  end
  if is_before(group['last-delivered-id'], first) then
    return false
  end
  return #redis.call('XPENDING', key, group['name'], first, first, 1) == 0
end

-- How many entries of a stream a group is not done with: those ever appended less those done with and those lost, which is never
-- more than there are.
local function waiting_in(key, state, name, stream)
  local info = stream_of(key)
  local length = info['length']
  local group = groups_of(key)[name]
  local done_field, count_field, lost_field = progress_fields(name, stream)
  local done = redis.call('HGET', state, done_field) or '0-0'
  local count = tonumber(redis.call('HGET', state, count_field) or '0')
  local lost = tonumber(redis.call('HGET', state, lost_field) or '0')
  local pending = group and group['pending'] or 0
  if first_behind(key, group, done) == '' then
    return pending
  end
  if group and is_before(group['last-delivered-id'], done) then
    return math.min(length, (tonumber(group['lag']) or length) + pending)
  end
  local behind = info['entries-added'] - count - lost
  -- Counted of a stream that was deleted since: all that is there may be new.
  if behind < 1 then
    behind = count + lost > info['entries-added'] and length or 1
  end
  return math.max(math.min(behind, length), pending)
end
