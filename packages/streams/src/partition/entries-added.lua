-- How many entries were ever appended to streams; a stream that is deleted begins again at 0.
-- KEYS: streams   Returns a number for each.
local added = {}
for at, key in ipairs(KEYS) do
  added[at] = 0
  if redis.call('EXISTS', key) == 1 then
    local info = redis.call('XINFO', 'STREAM', key)
    for i = 1, #info, 2 do
      if info[i] == 'entries-added' then
        added[at] = info[i + 1]
      end
    end
  end
end
return added
