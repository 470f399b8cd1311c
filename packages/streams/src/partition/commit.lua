-- One atomic, fenced commit: facts, results, dead letters, books, position and acknowledgement together, or nothing.
-- KEYS: events, facts, results, dead-letters, state, outbox, erasures
-- ARGV: epoch, expected position, new position, group, events in the batch, those of them that are computed again,
--       facts count, facts block ('' for none),
--       number of result blocks, then (count, block) each,
--       number of books counters, then (name, increment) each,
--       number of dead letters, then (entry ID, reason, count, trace, block) each,
--       number of further fact blocks, then the blocks,
--       time of the first event that led to this batch, ms,
--       1 where the facts block begins with erasures, else 0,
--       number of messages to other partitions, then (partition, rows, block) each,
--       number of entries, then their IDs
-- Returns {'ok', facts ID, messages that wait}, {'done', facts ID, messages that wait} where this very commit was made before, or what
-- forbids it:
-- {'fenced', epoch}, {'conflict', position}, {'gap', pending}, {'passed', ID of the entry behind}.
local state = KEYS[5]
if redis.call('HGET', state, 'epoch') ~= ARGV[1] then
  return { 'fenced', redis.call('HGET', state, 'epoch') or '' }
end
local position = redis.call('HGET', state, 'position') or '0-0'
if position == ARGV[3] then
  return { 'done', redis.call('HGET', state, 'facts_id') or '', redis.call('XLEN', KEYS[6]) }
end
if position ~= ARGV[2] then
  return { 'conflict', position }
end

local at = 9
local facts_count, facts = ARGV[7], ARGV[8]
local results_from = at + 1
local results = tonumber(ARGV[at])
at = results_from + results * 2
local books_from = at + 1
local books = tonumber(ARGV[at])
at = books_from + books * 2
local dead_from = at + 1
local dead = tonumber(ARGV[at])
at = dead_from + dead * 5
local records_from = at + 1
local records = tonumber(ARGV[at])
at = records_from + records
local origin = ARGV[at]
local erases = ARGV[at + 1] == '1'
at = at + 2
local messages_from = at + 1
local messages = tonumber(ARGV[at])
at = messages_from + messages * 3
local entries = tonumber(ARGV[at])
local ids = {}
for i = 1, entries do
  ids[i] = ARGV[at + i]
end

-- Everything delivered up to the new position must be in this batch: a worker that lost the partition but did not know
-- it yet may have read entries that this owner has never seen.
local pending = redis.call('XPENDING', KEYS[1], ARGV[4], '-', ARGV[3], entries + 1)
if #pending ~= entries then
  return { 'gap', #pending }
end
-- And so must everything else behind the committed ID, wherever somebody set the group. What one read gave for the first time lies
-- together; entries that were claimed were read at different times.
local before = position
for i = 1, entries do
  if i == 1 or pending[i][4] > 1 then
    if #redis.call('XRANGE', KEYS[1], '(' .. before, '(' .. ids[i], 'COUNT', 1) > 0 then
      return { 'passed', ids[i] }
    end
  end
  before = ids[i]
end

-- Redis keeps what a script wrote before an error: a key that holds something else must show before anything is written.
for _, at in ipairs({ 2, 3, 4, 6, 7 }) do
  redis.call('XLEN', KEYS[at])
end

local facts_id = ''
if facts ~= '' then
  facts_id = redis.call('XADD', KEYS[2], '*', 'n', facts_count, 'p', ARGV[3], 'b', facts)
end
if erases then
  redis.call('XADD', KEYS[7], '*', 'f', facts_id)
end
for i = 0, records - 1 do
  redis.call('XADD', KEYS[2], '*', 'n', 0, 'p', ARGV[3], 'b', ARGV[records_from + i])
end
for i = 0, messages - 1 do
  local from = messages_from + i * 3
  redis.call('XADD', KEYS[6], '*', 't', ARGV[from], 'm', ARGV[from + 1], 'o', origin, 'b', ARGV[from + 2])
end
for i = 0, results - 1 do
  redis.call('XADD', KEYS[3], '*', 'n', ARGV[results_from + i * 2], 'p', ARGV[3], 'b', ARGV[results_from + i * 2 + 1])
end
for i = 0, books - 1 do
  redis.call('HINCRBY', state, ARGV[books_from + i * 2], ARGV[books_from + i * 2 + 1])
end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
for i = 0, dead - 1 do
  local from = dead_from + i * 5
  local id = ARGV[from]
  -- How often it was delivered, also to owners that died of it.
  local attempts = 0
  for _, entry in ipairs(pending) do
    if entry[1] == id then
      attempts = entry[4]
    end
  end
  redis.call('XADD', KEYS[4], '*', 'stream', 'events', 'entry', id, 'reason', ARGV[from + 1],
    'first', string.match(id, '^%d+'), 'last', now, 'attempts', attempts,
    'n', ARGV[from + 2], 'trace', ARGV[from + 3], 'b', ARGV[from + 4])
end
redis.call('HSET', state, 'position', ARGV[3], 'facts_id', facts_id, 'committed_at', now)
redis.call('HDEL', state, 'alone_id', 'alone_epoch', 'alone_tries')
redis.call('HINCRBY', state, 'entries', entries)
redis.call('HINCRBY', state, 'events', ARGV[5])
if ARGV[6] ~= '0' then
  redis.call('HINCRBY', state, 'recomputed', ARGV[6])
end
redis.call('XACK', KEYS[1], ARGV[4], unpack(ids))
return { 'ok', facts_id, redis.call('XLEN', KEYS[6]) }
