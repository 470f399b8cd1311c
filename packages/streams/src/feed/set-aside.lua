-- Makes a dead letter of an entry that a group cannot read, and acknowledges it, once.
-- KEYS: stream, dead-letters   ARGV: group, entry ID, stream's name, reason, count, trace, block
-- Returns 1, or 0 where the entry is not pending: it was set aside before.
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1)
if #pending == 0 then
  return 0
end
local time = redis.call('TIME')
redis.call('XADD', KEYS[2], '*', 'stream', ARGV[3], 'group', ARGV[1], 'entry', ARGV[2], 'reason', ARGV[4],
  'first', string.match(ARGV[2], '^%d+'), 'last', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
  'attempts', pending[1][4], 'n', ARGV[5], 'trace', ARGV[6], 'b', ARGV[7])
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return 1
