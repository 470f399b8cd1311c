-- Places a group where it goes on: makes it again where it is lost, and sets it back to what it acknowledged where it was set past
-- entries that nobody had.
-- KEYS: stream, state
-- ARGV: group, stream's name, 'begin' to be given again all that was not acknowledged, or an ID to be given it only where the group has
--       not got past that ID and no consumer works on what follows, time after which a silent consumer works on nothing (ms)
-- Returns {ID behind which it goes on, ID up to which all is acknowledged, 1 where the group was made, 1 where entries were found that
-- nobody had}.
local key, state, name, stream, from = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]
local made = ensure_group(key, state, name, stream, '0')
local done = done_id(state, name, stream)
local group = groups_of(key)[name]
local begins = group['last-delivered-id']
local stranded = false
if from == 'begin' or from == done then
  local first = first_after(key, done)
  if first ~= '' and not is_before(begins, first) then
    stranded = is_stranded(key, group, first)
    if from == 'begin' or stranded or #redis.call('XPENDING', key, name, 'IDLE', ARGV[4], first, first, 1) > 0 then
      redis.call('XGROUP', 'SETID', key, name, done)
      begins = done
    end
  end
end
return { begins, done, made and 1 or 0, stranded and 1 or 0 }
