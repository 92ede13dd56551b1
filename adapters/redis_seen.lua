-- Which dispatch was the first with its message_id, within two days at least. A call is atomic; time is the server's.
--
-- ids: 8 octets a message. Two choose the bucket, a hash of at most some hundred entries, which Redis keeps as one compact
-- list; six are the field in it, and the value is the number of the first dispatch: 16 octets a message in all.
-- Buckets are of a day, and looked for today, yesterday and the day before; each goes as a whole when it is too old.

local prefix = KEYS[1]
local ids = ARGV[1]
local most = tonumber(ARGV[2])  -- messages remembered of one day; what comes on top is not
local DAY_S = 86400
local DAYS = 3

local today = math.floor(redis.call('TIME')[1] / DAY_S)
local counted = prefix .. ':' .. today .. ':count'
local room = most - tonumber(redis.call('GET', counted) or 0)
local added = 0

local function bucket_of(day, id)
    return prefix .. ':' .. day .. ':' .. string.sub(id, 1, 2)
end

local function first_of(id)
    for age = 0, DAYS - 1 do
        local first = redis.call('HGET', bucket_of(today - age, id), string.sub(id, 3))
        if first then
            return first
        end
    end
end

local function remember(id, number)
    local bucket = bucket_of(today, id)
    redis.call('HSET', bucket, string.sub(id, 3), number)
    if redis.call('HLEN', bucket) == 1 then
        redis.call('EXPIRE', bucket, DAYS * DAY_S)
    end
    added = added + 1
end

local firsts = {}
for index = 1, #ids / 8 do
    local id = string.sub(ids, index * 8 - 7, index * 8)
    local number = ARGV[index + 2]
    local first = first_of(id)
    if not first and added < room then
        remember(id, number)
    end
    firsts[index] = tonumber(first or number)
end

if added > 0 then
    redis.call('INCRBY', counted, added)
    redis.call('EXPIRE', counted, DAY_S)
end
return firsts
