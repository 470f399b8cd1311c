-- Gives a consumer the next entries of its group, in one look with where they begin: so it is known that no entry lies between them
-- and those before. A group that is lost is made again. One that was set past entries is set back to what it acknowledged.
-- KEYS: stream, state
-- ARGV: group, stream's name, consumer, most entries, 'begin' to be given again what was not acknowledged, an ID to be given it where
--       the group has not got past that ID and no consumer works on what follows, or '', time after which a silent consumer works
--       on nothing (ms)
-- Returns {ID behind which the entries begin, ID up to which all is acknowledged, 1 where the group was made, 1 where it was set back
-- to entries that nobody had, entries}.
local key, state, name, stream, from = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[5]
local made = ensure_group(key, state, name, stream, '0')
local done = done_id(state, name, stream)
local group = groups_of(key)[name]
local begins = group['last-delivered-id']
local stranded = false
if from == 'begin' or from == done then
  local first = first_after(key, done)
  if first ~= '' and not is_before(begins, first) then
    stranded = is_stranded(key, group, first)
    if from == 'begin' or stranded or #redis.call('XPENDING', key, name, 'IDLE', ARGV[6], first, first, 1) > 0 then
      redis.call('XGROUP', 'SETID', key, name, done)
      begins = done
    else
      stranded = false
    end
  end
end
local reply = redis.call('XREADGROUP', 'GROUP', name, ARGV[3], 'COUNT', ARGV[4], 'STREAMS', key, '>')
return { begins, done, made and 1 or 0, stranded and 1 or 0, reply and reply[1][2] or {} }
