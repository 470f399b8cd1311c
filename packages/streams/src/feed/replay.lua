-- Puts a dead letter back where it came from and removes it, in one step: it is neither lost nor doubled.
-- KEYS: dead-letters, stream, state
-- ARGV: dead letter's ID, group ('' to always append), consumer, idle ms, number of books counters, then (name, increment) each
-- Returns the ID of the entry that will be read, or '' where the dead letter is gone.
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])
if #found == 0 then
  return ''
end
local letter = fields_of(found[1][2])
local id
-- A fact or result block that is still in its stream is made pending again: a second copy of facts would be restored twice.
if ARGV[2] ~= '' and #redis.call('XRANGE', KEYS[2], letter['entry'], letter['entry']) == 1 then
  redis.call('XCLAIM', KEYS[2], ARGV[2], ARGV[3], 0, letter['entry'], 'IDLE', ARGV[4], 'FORCE', 'JUSTID')
  id = letter['entry']
else
  local entry = { 'n', letter['n'] }
  for _, name in ipairs(CARRIED_FIELDS) do
    if letter[name] then
      entry[#entry + 1] = name
      entry[#entry + 1] = letter[name]
    end
  end
  entry[#entry + 1] = 'b'
  entry[#entry + 1] = letter['b']
  id = redis.call('XADD', KEYS[2], '*', unpack(entry))
end
redis.call('XDEL', KEYS[1], ARGV[1])
for i = 6, 5 + ARGV[5] * 2, 2 do
  redis.call('HINCRBY', KEYS[3], ARGV[i], ARGV[i + 1])
end
return id
