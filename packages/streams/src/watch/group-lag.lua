-- What a group other than the workers' has left to do in a stream.
-- KEYS: stream, state   ARGV: group, stream's name
-- Returns {undelivered, pending, ID of the oldest entry that it is not done with or '', 1 where no consumer will be given some}.
local group = groups_of(KEYS[1])[ARGV[1]]
local done = done_id(KEYS[2], ARGV[1], ARGV[2])
local pending = group and group['pending'] or 0
return {
  tostring(waiting_in(KEYS[1], KEYS[2], ARGV[1], ARGV[2]) - pending),
  tostring(pending),
  oldest_waiting(KEYS[1], group, done),
  is_stranded(KEYS[1], group, first_behind(KEYS[1], group, done)) and '1' or '0',
}
