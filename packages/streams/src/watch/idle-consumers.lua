-- Removes consumers that nobody has heard of for long and that have nothing in hand. One that lives is there again with its next read.
-- KEYS: stream   ARGV: idle time (ms), then groups
-- Returns the names.
local groups = groups_of(KEYS[1])
local removed = {}
for i = 2, #ARGV do
  if groups[ARGV[i]] then
    for _, reply in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[i])) do
      local consumer = fields_of(reply)
      if consumer['pending'] == 0 and consumer['idle'] >= tonumber(ARGV[1]) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[i], consumer['name'])
        removed[#removed + 1] = consumer['name']
      end
    end
  end
end
return removed
