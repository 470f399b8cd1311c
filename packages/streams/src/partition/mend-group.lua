#!lua flags=allow-oom
-- Makes sure that the workers' group gives out every entry behind the committed ID: makes the group where it is lost, and makes entries
-- pending that it was set past. Where the stream was deleted the committed ID begins again: nothing of the new stream is committed.
-- KEYS: events, state
-- ARGV: epoch, group, consumer, most entries that are looked at, ID to go on after ('' begins behind the committed ID)
-- Returns {'ok', committed ID, 1 where the group was made, 1 where the stream was deleted, entries that it was set past, ID to go on
-- after or ''}, {'fenced', epoch}, or {'gone'} where there is no state.
local function parts_of(id)
  local ms, sequence = string.match(id, '^(%d+)%-(%d+)$')
  return tonumber(ms), tonumber(sequence)
end
local function is_before(a, b)
  local a_ms, a_sequence = parts_of(a)
  local b_ms, b_sequence = parts_of(b)
  return a_ms < b_ms or (a_ms == b_ms and a_sequence < b_sequence)
end
local function fields_of(reply)
  local fields = {}
  for i = 1, #reply, 2 do
    fields[reply[i]] = reply[i + 1]
  end
  return fields
end

local key, state, name = KEYS[1], KEYS[2], ARGV[2]
local epoch = redis.call('HGET', state, 'epoch')
if not epoch then
  return { 'gone' }
end
if epoch ~= ARGV[1] then
  return { 'fenced', epoch }
end
local stream = { ['length'] = 0, ['entries-added'] = 0, ['last-generated-id'] = '0-0' }
local group
if redis.call('EXISTS', key) == 1 then
  stream = fields_of(redis.call('XINFO', 'STREAM', key))
  for _, reply in ipairs(redis.call('XINFO', 'GROUPS', key)) do
    local info = fields_of(reply)
    if info['name'] == name then
      group = info
    end
  end
end

local committed = redis.call('HGET', state, 'position') or '0-0'
local entries = tonumber(redis.call('HGET', state, 'entries') or '0')
-- A stream of which nothing was ever removed, and that does not hold the entry committed last, is not the one it was in.
local deleted = committed ~= '0-0'
  and (is_before(stream['last-generated-id'], committed) or stream['entries-added'] < entries
    or (stream['entries-added'] == stream['length'] and #redis.call('XRANGE', key, committed, committed) == 0))
if deleted then
  committed = '0-0'
  redis.call('HSET', state, 'position', committed, 'entries', stream['entries-added'] - stream['length'])
end
if not group then
  redis.call('XGROUP', 'CREATE', key, name, '0', 'MKSTREAM')
  return { 'ok', committed, 1, deleted and 1 or 0, 0, '' }
end

local after = ARGV[5] ~= '' and ARGV[5] or committed
local delivered = group['last-delivered-id']
local passed, last = 0, ''
if is_before(after, delivered) then
  for _, entry in ipairs(redis.call('XRANGE', key, '(' .. after, delivered, 'COUNT', ARGV[4])) do
    last = entry[1]
    if #redis.call('XPENDING', key, name, last, last, 1) == 0 then
      redis.call('XCLAIM', key, name, ARGV[3], 0, last, 'FORCE', 'JUSTID')
      passed = passed + 1
    end
  end
end
return { 'ok', committed, 0, deleted and 1 or 0, passed, last }
