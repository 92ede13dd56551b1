-- Leases permits of an operator's TPS limit, over all replicas together. One call is atomic; time is the server's.
--
-- A grant counts against the limit from now until its validity has ended plus one window. Its permits are spent while it
-- is valid, at moments that nobody reports; counted this long, all grants that can have spent a permit within one window
-- counted at the moment of the last of them, so that together they are within the limit.
--
-- The grants that have ended are taken off the count as they are met, so that a call costs as much as has ended since the
-- last one, however many replicas there are.

local grants = KEYS[1]    -- sorted set: "<microseconds>:<replica>:<permits>", by the microsecond when it stops to count
local counted = KEYS[2]   -- how many permits count now
local replicas = KEYS[3]  -- sorted set: replica, by the microsecond when it was last seen

local wanted = tonumber(ARGV[1])
local limit = tonumber(ARGV[2])     -- permits within one window
local counts_us = tonumber(ARGV[3]) -- validity and window
local replica = ARGV[4]
local earlier = ARGV[5]             -- the grant that `returned` permits of were not spent, or empty
local returned = tonumber(ARGV[6])
local seen_us = tonumber(ARGV[7])   -- how long a replica counts as there
local SPARE_MS = 1000               -- keys outlive their last grant by this

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

local count = tonumber(redis.call('GET', counted) or total(redis.call('ZRANGE', grants, 0, -1)))
count = count - total(redis.call('ZRANGEBYSCORE', grants, '-inf', now))
redis.call('ZREMRANGEBYSCORE', grants, '-inf', now)

local function add(ends, permits)
    local grant = string.format('%.0f:%s:%d', now, replica, permits)
    redis.call('ZADD', grants, ends, grant)
    return grant
end

-- Unspent permits come off the grant they belong to, if that still counts, and never off another one.
local ends = earlier ~= '' and redis.call('ZSCORE', grants, earlier)
if ends and returned > 0 then
    returned = math.min(returned, permits_of(earlier))
    redis.call('ZREM', grants, earlier)
    count = count - returned
    if permits_of(earlier) > returned then
        add(ends, permits_of(earlier) - returned)
    end
end

local granted = math.max(0, math.min(wanted, limit - count))
local grant = ''
if granted > 0 then
    grant = add(string.format('%.0f', now + counts_us), granted)
    count = count + granted
end
