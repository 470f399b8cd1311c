-- Removes a dead letter for good, and says so in the books.
-- KEYS: dead-letters, state   ARGV: dead letter's ID, number of books counters, then (name, increment) each
-- Returns 1, or 0 where the dead letter is gone.
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then
  return 0
end
for i = 3, 2 + ARGV[2] * 2, 2 do
  redis.call('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1])
end
return 1
