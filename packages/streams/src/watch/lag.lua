-- What a partition has left to do, as numbers that can be defended: entries ever appended less entries ever committed or acknowledged,
-- not XINFO's lag, which is null or wrong after some deletions.
-- KEYS: events, facts, results, state, lease, dead-letters, outbox   ARGV: attribution group, warehouse group
-- Returns texts: owner, epoch, committed ID, events committed, dead letters, ID of the oldest, messages to other partitions, ID of the
-- oldest; then of events, facts and results each: waiting, pending, ID of the oldest or '', entries done with, entries lost, 1 where
-- some are stranded.
local result = {
  redis.call('GET', KEYS[5]) or '',
  redis.call('HGET', KEYS[4], 'epoch') or '0',
  redis.call('HGET', KEYS[4], 'position') or '0-0',
  redis.call('HGET', KEYS[4], 'events') or '0',
  tostring(redis.call('XLEN', KEYS[6])),
  first_after(KEYS[6], '0-0'),
  tostring(redis.call('XLEN', KEYS[7])),
  first_after(KEYS[7], '0-0'),
}
for i, stream in ipairs({ 'events', 'facts', 'results' }) do
  local name = i == 1 and ARGV[1] or ARGV[2]
  local group = groups_of(KEYS[i])[name]
  local done = done_id(KEYS[4], name, stream)
  local _, count_field, lost_field = progress_fields(name, stream)
  result[#result + 1] = tostring(waiting_in(KEYS[i], KEYS[4], name, stream))
  result[#result + 1] = tostring(group and group['pending'] or 0)
  result[#result + 1] = oldest_waiting(KEYS[i], group, done)
  result[#result + 1] = redis.call('HGET', KEYS[4], count_field) or '0'
  result[#result + 1] = redis.call('HGET', KEYS[4], lost_field) or '0'
  result[#result + 1] = is_stranded(KEYS[i], group, first_behind(KEYS[i], group, done)) and '1' or '0'
end
return result
