-- Makes a dead letter of an entry that a group cannot read, and acknowledges it, once. The dead letter has all fields of the entry.
-- KEYS: stream, dead-letters, state
-- ARGV: group, entry ID, stream's name, reason, count, trace, block, then runs of entries as acknowledge.lua takes them
-- Returns the ID up to which all is acknowledged.
-- An entry is given out again where the feed died before it had acknowledged those around it: its dead letter is one of the last.
local LAST_LETTERS = 16

local function is_kept()
  for _, entry in ipairs(redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', LAST_LETTERS)) do
    local letter = fields_of(entry[2])
    if letter['entry'] == ARGV[2] and letter['group'] == ARGV[1] and letter['stream'] == ARGV[3] then
      return true
    end
  end
  return false
end

local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1)
-- One that is not pending became a dead letter before.
if #pending > 0 and not is_kept() then
  local time = redis.call('TIME')
  local letter = { 'stream', ARGV[3], 'group', ARGV[1], 'entry', ARGV[2], 'reason', ARGV[4],
    'first', string.match(ARGV[2], '^%d+'), 'last', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
    'attempts', pending[1][4], 'n', ARGV[5], 'trace', ARGV[6], 'b', ARGV[7] }
  local entry = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
  for _, name in ipairs(CARRIED_FIELDS) do
    local value = entry and field_of(entry, name) or ''
    if value ~= '' then
      letter[#letter + 1] = name
      letter[#letter + 1] = value
    end
  end
  redis.call('XADD', KEYS[2], '*', unpack(letter))
end
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return advance(KEYS[1], KEYS[3], ARGV[1], ARGV[3], 8)
