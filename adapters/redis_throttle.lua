-- Leases permits of an operator's TPS limit, over all replicas together. A call is atomic; time is the server's.
--
-- A grant counts against the limit from now until its validity has ended plus one window. Its permits are spent while it
-- is valid, at moments that nobody reports. Look at any window: when the last grant that can have spent a permit in it was
-- made, all the others of that kind still counted, so that together they are within the limit.
--
-- Grants are taken off the count as they are found to have ended: a call costs as much as has ended since the last one.

local grants = KEYS[1]    -- sorted set "<microsecond>:<replica>:<permits>" by the microsecond when it stops to count
local counted = KEYS[2]   -- the permits that count now
local replicas = KEYS[3]  -- sorted set of replicas by the microsecond when they were last seen

local wanted = tonumber(ARGV[1])
local limit = tonumber(ARGV[2])      -- permits within one window
local counts_us = tonumber(ARGV[3])  -- validity and one window, and the margin for what is under way to the SMSC
local replica = ARGV[4]
local earlier = ARGV[5]              -- the grant of which `returned` permits were not spent; may be empty
local returned = tonumber(ARGV[6])
local spent = tonumber(ARGV[7])      -- permits spent in the last window without a grant, while this server was away
local heeds_loss = ARGV[8] == '1'    -- whether the last window is to be taken as full where nothing is known of it
local SEEN_US = 10 * 1000000         -- a replica counts as there for so long
local SPARE_MS = 1000                -- keys outlive what they hold by this

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function permits_of(grant)
    return tonumber(string.match(grant, '%d+$'))
end

local function total(members)
    local sum = 0
    for _, grant in ipairs(members) do
        sum = sum + permits_of(grant)
    end
    return sum
end

local function add(grant, ends)
    redis.call('ZADD', grants, string.format('%.0f', ends), grant)
end

-- Replicas with work to do are seen all the time. Where none is, this server may have lost what they spent.
local is_new = redis.call('EXISTS', replicas) == 0

-- An eviction may have taken one of the keys: the grants are the truth.
local count = tonumber(redis.call('GET', counted) or total(redis.call('ZRANGE', grants, 0, -1)))
count = count - total(redis.call('ZRANGEBYSCORE', grants, '-inf', now))
redis.call('ZREMRANGEBYSCORE', grants, '-inf', now)
if redis.call('EXISTS', grants) == 0 then
    count = 0
end

-- Unspent permits come off the grant they belong to while that counts, and off no other.
local ends = redis.call('ZSCORE', grants, earlier)
if ends and returned > 0 then
    local left = math.max(0, permits_of(earlier) - returned)
    count = count - permits_of(earlier) + left
    redis.call('ZREM', grants, earlier)
    if left > 0 then
        add(string.gsub(earlier, '%d+$', left), tonumber(ends))
    end
end

local function count_in(permits, mark)
    local grant = string.format('%.0f:%s%s:%.0f', now, replica, mark, permits)
    count = count + permits
    add(grant, now + counts_us)
    return grant
end

if is_new and heeds_loss then
    count_in(limit, ':unknown')
elseif spent > 0 then
    count_in(spent, ':spent')
end

local granted = math.max(0, math.min(wanted, limit - count))
local grant = ''
if granted > 0 then
    grant = count_in(granted, '')
end

local retry_us = 0
if granted < wanted then
    retry_us = redis.call('ZRANGE', grants, 0, 0, 'WITHSCORES')[2] - now
end

local last = redis.call('ZREVRANGE', grants, 0, 0, 'WITHSCORES')[2]
if last then
    local until_ms = string.format('%.0f', last / 1000 + SPARE_MS)
    redis.call('SET', counted, count)
    redis.call('PEXPIREAT', counted, until_ms)
    redis.call('PEXPIREAT', grants, until_ms)
end

redis.call('ZADD', replicas, string.format('%.0f', now), replica)
redis.call('ZREMRANGEBYSCORE', replicas, '-inf', now - SEEN_US)
redis.call('PEXPIRE', replicas, SEEN_US / 1000)

return {granted, retry_us, redis.call('ZCARD', replicas), grant}
