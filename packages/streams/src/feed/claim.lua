-- Gives a consumer what is pending of entries that its group was done with before: dead letters that were put back.
-- KEYS: stream, state
-- ARGV: group, stream's name, consumer, least time since they were given to somebody (ms), most entries, whose they are ('' for anybody's)
-- Returns the entries. Those that were trimmed are pending no more.
local key, name = KEYS[1], ARGV[1]
local range = { '-', done_id(KEYS[2], name, ARGV[2]), ARGV[5] }
if ARGV[6] ~= '' then
  range[4] = ARGV[6]
end
local pending = redis.call('XPENDING', key, name, 'IDLE', ARGV[4], unpack(range))
local entries = {}
for _, entry in ipairs(pending) do
  for _, claimed in ipairs(redis.call('XCLAIM', key, name, ARGV[3], ARGV[4], entry[1])) do
    entries[#entries + 1] = claimed
  end
end
return entries
