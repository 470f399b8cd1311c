#!lua
-- Puts deliveries into a tenant's queue, each once. They are held until their results are acknowledged: a result that comes again
-- before then finds its delivery here, and none is sent again behind a later one.
-- KEYS: a tenant's queue, as queue-keys.ts lists it
-- ARGV: now (ms), partition, bytes that may wait, then (ticket, generation, value) each
-- Returns {taken, already there, superseded, over the bound, bytes of the dead}
local bodies, held, since, dead, died, reasons, bytes, owners =
  KEYS[1], KEYS[2], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local taken, known, superseded, over = 0, 0, 0, 0
local waiting = tonumber(redis.call('HGET', bytes, 'waiting') or '0')
for i = 4, #ARGV, 3 do
  local ticket, generation, value = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local conversion, id = string.match(ticket, '^([^|]+)|[^|]+|(.+)$')
  if redis.call('HEXISTS', bodies, id) == 1 then
    known = known + 1
  elseif tonumber(redis.call('ZSCORE', owners, conversion) or '0') > generation then
    superseded = superseded + 1
  else
    redis.call('HSET', bodies, id, value)
    if waiting + #value > tonumber(ARGV[3]) then
      over = over + 1
      redis.call('ZADD', dead, 0, ticket)
      redis.call('ZADD', died, ARGV[1], ticket)
      redis.call('HSET', reasons, id, ticket .. '\nmore wait than may: the receiver has failed for too long')
      redis.call('HINCRBY', bytes, 'dead', #value)
    else
      taken = taken + 1
      waiting = waiting + #value
      redis.call('ZADD', since, ARGV[1], id)
      redis.call('ZADD', held, ARGV[2], ticket)
      redis.call('HINCRBY', bytes, 'waiting', #value)
    end
  end
end
return { taken, known, superseded, over, tonumber(redis.call('HGET', bytes, 'dead') or '0') }
