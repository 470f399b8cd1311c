#!lua flags=allow-oom
-- The commands of a tenant's queue. They run also where Redis has reached its maxmemory, since most of them free memory.
-- KEYS: a tenant's queue, as queue-keys.ts lists it   ARGV: command, now (ms), then the command's own
local bodies, held, line, due, tries, since, dead, died, reasons, bytes, owners = unpack(KEYS)
local now = ARGV[2]
-- Conversions that had several owners and whose last one is remembered; the oldest are forgotten, an owner being a time.
local MAX_OWNERS = 100000

local function parts(ticket)
  local conversion, version, id = string.match(ticket, '^([^|]+)|([^|]+)|(.+)$')
  return conversion, id, tonumber(string.sub(version, 1, 16))
end

local function forget(id, account)
  redis.call('HINCRBY', bytes, account, -redis.call('HSTRLEN', bodies, id))
  redis.call('HDEL', bodies, id)
  redis.call('HDEL', tries, id)
  redis.call('HDEL', reasons, id)
  redis.call('ZREM', since, id)
end

local function move(id, from, to)
  local size = redis.call('HSTRLEN', bodies, id)
  redis.call('HINCRBY', bytes, from, -size)
  redis.call('HINCRBY', bytes, to, size)
end

local function head(conversion)
  return redis.call('ZRANGEBYLEX', line, '[' .. conversion .. '|', '(' .. conversion .. '}', 'LIMIT', 0, 1)[1]
end

-- The conversion's next delivery is due at once, or nothing of it is.
local function turn(conversion)
  if head(conversion) then
    redis.call('ZADD', due, now, conversion)
  else
    redis.call('ZREM', due, conversion)
  end
end

-- Puts a delivery into its place in the line. Returns whether it was superseded instead, by one of a later owner.
local function stand(ticket)
  local conversion, id, generation = parts(ticket)
  if tonumber(redis.call('ZSCORE', owners, conversion) or '0') > generation then
    forget(id, 'waiting')
    return true
  end
  redis.call('ZADD', line, 0, ticket)
  redis.call('ZADD', due, 'NX', now, conversion)
  return false
end

local commands = {}

-- ARGV: tickets whose results are acknowledged. Returns how many were superseded.
function commands.release()
  local superseded = 0
  for i = 3, #ARGV do
    if redis.call('ZREM', held, ARGV[i]) == 1 and stand(ARGV[i]) then
      superseded = superseded + 1
    end
  end
  return superseded
end

-- ARGV: partition of which nothing is pending, most. Returns {how many were held of it, how many of them were superseded}.
function commands.sweep()
  local tickets = redis.call('ZRANGEBYSCORE', held, ARGV[3], ARGV[3], 'LIMIT', 0, ARGV[4])
  local superseded = 0
  for _, ticket in ipairs(tickets) do
    redis.call('ZREM', held, ticket)
    if stand(ticket) then
      superseded = superseded + 1
    end
  end
  return { #tickets, superseded }
end

-- ARGV: most, conversions under way. Returns {when the next is due or '', (ticket, body, tries) each}.
function commands.take()
  local busy = {}
  for i = 4, #ARGV do
    busy[ARGV[i]] = true
  end
  local reply = { '' }
  local most = tonumber(ARGV[3])
  for _, conversion in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, most + #ARGV - 3)) do
    local ticket = not busy[conversion] and head(conversion)
    if ticket and (#reply - 1) / 3 < most then
      local _, id = parts(ticket)
      reply[#reply + 1] = ticket
      reply[#reply + 1] = redis.call('HGET', bodies, id) or ''
      reply[#reply + 1] = redis.call('HGET', tries, id) or ''
    end
  end
  local next = redis.call('ZRANGEBYSCORE', due, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  reply[1] = next[2] or ''
  return reply
end

-- ARGV: ticket. It was delivered: earlier deliveries of its conversion are superseded. Returns how many were.
function commands.done()
  local ticket = ARGV[3]
  local conversion, id, generation = parts(ticket)
  local superseded = 0
  for key, account in pairs({ [line] = 'waiting', [dead] = 'dead' }) do
    for _, earlier in ipairs(redis.call('ZRANGEBYLEX', key, '[' .. conversion .. '|', '(' .. ticket)) do
      local _, earlier_id = parts(earlier)
      redis.call('ZREM', key, earlier)
      redis.call('ZREM', died, earlier)
      forget(earlier_id, account)
      superseded = superseded + 1
    end
  end
  if redis.call('ZREM', line, ticket) == 1 then
    forget(id, 'waiting')
  end
  if generation > 0 then
    redis.call('ZADD', owners, 'GT', generation, conversion)
    redis.call('ZREMRANGEBYRANK', owners, 0, -MAX_OWNERS - 1)
  end
  turn(conversion)
  return superseded
end

-- ARGV: generation, conversions. All of them that is of an earlier one is superseded, be it there or still to come. Returns how many were.
function commands.erase()
  local superseded = 0
  for i = 4, #ARGV do
    local conversion = ARGV[i]
    local before = '(' .. conversion .. '|' .. string.format('%016d', ARGV[3])
    for key, account in pairs({ [line] = 'waiting', [dead] = 'dead' }) do
      for _, ticket in ipairs(redis.call('ZRANGEBYLEX', key, '[' .. conversion .. '|', before)) do
        local _, id = parts(ticket)
        redis.call('ZREM', key, ticket)
        redis.call('ZREM', died, ticket)
        forget(id, account)
        superseded = superseded + 1
      end
    end
    redis.call('ZADD', owners, 'GT', ARGV[3], conversion)
    turn(conversion)
  end
  redis.call('ZREMRANGEBYRANK', owners, 0, -MAX_OWNERS - 1)
  return superseded
end

-- ARGV: ticket, when to try again (ms), tries
function commands.later()
  local conversion, id = parts(ARGV[3])
  if not redis.call('ZSCORE', line, ARGV[3]) then
    return 0
  end
  redis.call('HSET', tries, id, ARGV[5])
  redis.call('ZADD', due, ARGV[4], conversion)
  return 1
end

-- ARGV: ticket, tries, reason. Returns the bytes of the dead.
function commands.bury()
  local ticket = ARGV[3]
  local conversion, id = parts(ticket)
  if redis.call('ZREM', line, ticket) == 1 then
    move(id, 'waiting', 'dead')
    redis.call('ZREM', since, id)
    redis.call('HSET', tries, id, ARGV[4])
    redis.call('HSET', reasons, id, ticket .. '\n' .. ARGV[5])
    redis.call('ZADD', dead, 0, ticket)
    redis.call('ZADD', died, now, ticket)
    turn(conversion)
  end
  return tonumber(redis.call('HGET', bytes, 'dead') or '0')
end

local function unbury(ticket)
  redis.call('ZREM', dead, ticket)
  redis.call('ZREM', died, ticket)
end

-- ARGV: bytes of the dead that may be kept. Returns how many were dropped, the oldest first.
function commands.bound()
  local dropped = 0
  while tonumber(redis.call('HGET', bytes, 'dead') or '0') > tonumber(ARGV[3]) do
    local oldest = redis.call('ZRANGE', died, 0, 0)[1]
    if not oldest then
      break
    end
    local _, id = parts(oldest)
    unbury(oldest)
    forget(id, 'dead')
    dropped = dropped + 1
  end
  return dropped
end

local function ticket_of(id)
  return string.match(redis.call('HGET', reasons, id) or '', '^[^\n]+')
end

-- ARGV: delivery, bytes that may wait. Returns 'retried', 'superseded', 'full' or 'gone'.
function commands.retry()
  local id = ARGV[3]
  local ticket = ticket_of(id)
  if not ticket then
    return 'gone'
  end
  local size = redis.call('HSTRLEN', bodies, id)
  if tonumber(redis.call('HGET', bytes, 'waiting') or '0') + size > tonumber(ARGV[4]) then
    return 'full'
  end
  unbury(ticket)
  move(id, 'dead', 'waiting')
  redis.call('HDEL', tries, id)
  redis.call('HDEL', reasons, id)
  redis.call('ZADD', since, now, id)
  if stand(ticket) then
    return 'superseded'
  end
  turn((parts(ticket)))
  return 'retried'
end

-- ARGV: delivery. Returns 1, or 0 where it is gone.
function commands.discard()
  local ticket = ticket_of(ARGV[3])
  if not ticket then
    return 0
  end
  unbury(ticket)
  forget(ARGV[3], 'dead')
  return 1
end

return commands[ARGV[1]]()
