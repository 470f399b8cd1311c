-- How far a group other than the workers' has come in a stream, as the partition's state has it. Behind streams.lua.

-- Makes a group that is not there, at what it had acknowledged, and begins to write down what it acknowledges.
-- @param from where one begins that was never there: '0', or '$' for what comes next
-- Returns whether it made the group.
local function ensure_group(key, state, name, stream, from)
  local group = groups_of(key)[name]
  local done_field, count_field, lost_field = progress_fields(name, stream)
  local done = redis.call('HGET', state, done_field)
  if group and done then
    return false
  end
  local info = stream_of(key)
  if not done then
    local waiting = 0
    if group then
      -- Of a platform that did not write it down: what Redis says has to do.
      done = group['last-delivered-id']
      if group['pending'] > 0 then
        done = id_before(redis.call('XPENDING', key, name)[2])
      end
      if first_after(key, done) ~= '' then
        waiting = math.min(info['length'], (tonumber(group['lag']) or info['length']) + group['pending'])
      end
    elseif from == '$' then
      done = info['last-generated-id']
    else
      done = '0-0'
      waiting = info['length']
    end
    redis.call('HSET', state, done_field, done, count_field, info['entries-added'] - waiting)
  elseif is_before(info['last-generated-id'], done) then
    -- The stream was deleted, and the IDs of what comes may be any.
    done = '0-0'
    redis.call('HSET', state, done_field, done, count_field, 0, lost_field, 0)
  end
  if group then
    return false
  end
  redis.call('XGROUP', 'CREATE', key, name, done, 'MKSTREAM')
  return true
end

-- Moves what a group has acknowledged on over runs of entries that lie one behind the other in the stream. A run moves it only where
-- no other entry lies between: that one nobody acknowledged, and the group may have been set past it.
-- @param at of the first run in ARGV: number of entries, their IDs
-- Returns the ID up to which all is acknowledged.
local function advance(key, state, name, stream, at)
  local done_field, count_field = progress_fields(name, stream)
  local done = redis.call('HGET', state, done_field) or '0-0'
  while at <= #ARGV do
    local first, last = at + 1, at + tonumber(ARGV[at])
    while first <= last and not is_before(done, ARGV[first]) do
      first = first + 1
    end
    if first <= last and first_after(key, done) == ARGV[first] then
      done = ARGV[last]
      redis.call('HSET', state, done_field, done)
      redis.call('HINCRBY', state, count_field, last - first + 1)
    end
    at = last + 1
  end
  return done
end
