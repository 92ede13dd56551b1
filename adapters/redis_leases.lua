-- Leases the binds of one operator endpoint, over all replicas together. A call is atomic; time is the server's.
--
-- The server's clock may be set, as after the move of a virtual machine, and no lease may end by that before its holder
-- thinks so. So time is counted here from call to call: none takes a step back, and none one longer than may lie between
-- two calls while any lease is renewed.
--
-- All is in one key, so that it is lost as a whole or not at all. A Redis that knows nothing of the endpoint, or is
-- another server process than at the last call, may have lost leases that are still used: it grants none until the
-- longest of those has ended, and takes the word of those who renew theirs.
--
-- The spread: a waiting session ranks by what its replica would hold with it, fewest first. A grant must leave enough
-- for those before it; a lease is called back only when its replica holds no fewer without it than the waiting one will
-- hold with it. So each move makes the spread more even, none can be followed by its reverse, and all of it ends.

local key = KEYS[1]
local operation = ARGV[1]
local replica = ARGV[2]
local session = cjson.encode({ARGV[2], ARGV[3]})
local binds = tonumber(ARGV[4])      -- 1 for a transceiver, 2 for a transmitter with a receiver
local max_binds = tonumber(ARGV[5])  -- over all replicas
local ttl_ms = tonumber(ARGV[6])
local token = tonumber(ARGV[7])      -- of the lease that is renewed or released

local WAITING_MS = 1200            -- who has not asked again by then waits no more; with RETRY_S it stays below 2 s
local PATIENCE_MS = ttl_ms / 3     -- who has waited so long is worth a lease of another; till then free ones may come
local LONGEST_STEP_MS = ttl_ms / 2 -- leases are renewed after a third of it
local PROVEN_MS = 3 * ttl_ms       -- a lease released before that was no use: the bind has failed or did not last
local UNPROVEN_MS = 6 * ttl_ms     -- its replica takes only what is free for so long, else binds would go to and fro

local time = redis.call('TIME')
local wall = time[1] * 1000 + math.floor(time[2] / 1000)
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or 'unknown'

local state = cjson.decode(redis.call('GET', key) or '{"token": 0, "leases": {}, "waiting": {}, "unproven": {}}')
local now = (state.now or wall) + math.max(0, math.min(wall - (state.wall or wall), LONGEST_STEP_MS))
state.now, state.wall = now, wall
local ends = now + ttl_ms + 1      -- now is rounded down, and no lease may end before its holder thinks so
if state.run ~= run then
    state.run, state.opens = run, ends
end
local is_open = state.opens <= now

for _, entries in ipairs({state.leases, state.waiting, state.unproven}) do
    for name, entry in pairs(entries) do
        if entry.ends <= now then
            entries[name] = nil
        end
    end
end

local function total(counts)
    local sum = 0
    for _, lease in pairs(state.leases) do
        if counts(lease) then
            sum = sum + lease.binds
        end
    end
    return sum
end

local function held_by(owner)
    return total(function(lease) return lease.replica == owner end)
end

local held = total(function() return true end)
local free = max_binds - held  -- below 0 when the limit was lowered

-- What is free after the waiting sessions of other replicas that come before one with this rank.
local function left_for(rank)
    local left, ranks = free, {}
    for _, waiter in pairs(state.waiting) do
        local owner = waiter.replica
        if owner ~= replica then
            ranks[owner] = (ranks[owner] or held_by(owner)) + waiter.binds
            if ranks[owner] < rank and waiter.binds <= left then
                left = left - waiter.binds
            end
        end
    end
    return left
end

local function refusal(more)
    if not is_open then
        return 'leases may have been lost'
    elseif more > free then
        return 'all taken'
    elseif more > 0 and more > left_for(held_by(replica) + more) then
        return 'left to others'
    end
end

local function acquire()
    if binds > max_binds then
        return {0, 'never enough'}
    end
    local mine = state.leases[session]  -- of a process that has died, or the answer was lost: its binds are ours
    local more = binds - (mine and mine.binds or 0)
    local reason = refusal(more)
    if reason then
        local since = (state.waiting[session] or {since = now}).since
        state.waiting[session] = {replica = replica, binds = more, since = since, ends = now + WAITING_MS}
        return {0, reason}
    end
    state.token = math.max(state.token + 1, wall)  -- rises even when the last one was lost
    state.leases[session] = {replica = replica, binds = binds, token = state.token, since = now, ends = ends}
    state.waiting[session] = nil
    return {state.token, ''}
end

local function holds_most(owner)
    local most = held_by(owner)
    for _, lease in pairs(state.leases) do
        if held_by(lease.replica) > most then
            return false
        end
    end
    return true
end

-- Whether the lease, given up, goes to the waiting session and makes the spread more even.
local function is_due_to(waiter, lease)
    local has_waited = now - waiter.since >= PATIENCE_MS and not state.unproven[waiter.replica]
    local is_enough = free < waiter.binds and waiter.binds <= free + lease.binds
    return has_waited and is_enough and held_by(waiter.replica) + waiter.binds <= held_by(lease.replica) - lease.binds
end

local function is_called_back(lease)
    local leaving = total(function(other) return other.leaving end)
    if held - leaving > max_binds then
        return true  -- the limit was lowered
    elseif leaving > 0 or not holds_most(lease.replica) then
        return false  -- one at a time
    end
    for _, waiter in pairs(state.waiting) do
        if is_due_to(waiter, lease) then
            return true
        end
    end
    return false
end

local function renew()
    local lease = state.leases[session]
    local is_known = lease and lease.token >= token
    if not is_open and not is_known and binds <= free + (lease and lease.binds or 0) then
        lease = {replica = replica, binds = binds, token = token, since = now}
        state.leases[session] = lease
        state.token = math.max(state.token, token)
    end
    if not lease or lease.token ~= token then
        return {0, 0}
    end
    lease.ends = ends
    lease.leaving = lease.leaving or (is_open and is_called_back(lease))  -- once said it stays said
    return {1, lease.leaving and 1 or 0}
end

local function release()
    local lease = state.leases[session]
    state.waiting[session] = nil
    if lease and lease.token == token then
        state.leases[session] = nil
        if now - lease.since < PROVEN_MS and not lease.leaving then
            state.unproven[replica] = {ends = now + UNPROVEN_MS}
        end
    end
    return {}
end

local answer = ({acquire = acquire, renew = renew, release = release})[operation]()
redis.call('SET', key, cjson.encode(state))
return answer
