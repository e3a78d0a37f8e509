import TestSupport
import Testing

@Suite(.checkedDatabase)
struct ProviderLimitTests {
    @Test("so many calls of a model at once, and of all models of a provider; an attempt that has ended holds no place")
    func concurrency() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue()
        try await sql.run(
            "select agentcorp.set_provider_limit('p', max_concurrent => 3), agentcorp.set_provider_limit('p', 'm', 2)")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.reserve(task, 1) == "granted")
        #expect(try await sql.reserve(task, 2) == "granted")
        #expect(try await sql.reserve(task, 3) == "concurrency later")
        #expect(try await sql.reserve(task, 3, model: "n") == "granted")
        #expect(try await sql.reserve(task, 4, model: "n") == "concurrency later")
        #expect(try await sql.reserve(task, 4, provider: "q") == "granted")
        #expect(
            try await sql.rows(
                "select provider, model, max_concurrent, in_flight from agentcorp.provider_limits order by 2") == [
                    "p|*|3|3", "p|m|2|2",
                ])
        try await sql.settle(task, 1)
        #expect(try await sql.reserve(task, 5) == "granted")
        let other = try await sql.enqueue()
        #expect(try await sql.reserve(other, 1) == "concurrency later")
        // It ends without a word on its calls.
        try await sql.finish(task, worker, "'failed', retry => false")
        #expect(try await sql.rows("select in_flight from agentcorp.provider_limits") == ["0", "0"])
        #expect(try await sql.reserve(other, 1) == "granted")
    }

    @Test("so many requests in a minute: a full bucket at once, then one after another")
    func requests() async throws {
        let sql = try await Session.open(clock: "1 hour")
        let task = try await sql.enqueue()
        try await sql.run("select agentcorp.set_provider_limit('p', requests_per_minute => 6)")
        for seq in 1...6 { #expect(try await sql.reserve(task, seq) == "granted") }
        #expect(try await sql.reserve(task, 7) == "rate later")
        let wait = try await sql.value(
            "select wait between '8 s' and '11 s' from agentcorp.reserve(0::smallint, \(task), 1, 7, 'p', 'm', 0, 0)")
        #expect(wait == "true")
        try await sql.setClock("1 hour 11 seconds")
        #expect(try await sql.reserve(task, 7) == "granted")
        #expect(try await sql.reserve(task, 8) == "rate later")
        #expect(try await sql.unreserve(task, 7))
        #expect(try await sql.reserve(task, 8) == "granted")
        // A clock that goes back fills nothing.
        try await sql.setClock("0")
        #expect(try await sql.reserve(task, 9) == "rate later")
    }

    @Test(
        "so many tokens in a minute, by the estimate first, then by what was used; a call larger than the bucket waits until it is full"
    )
    func tokens() async throws {
        let sql = try await Session.open(clock: "1 hour")
        let task = try await sql.enqueue()
        try await sql.run("select agentcorp.set_provider_limit('p', 'm', tokens_per_minute => 6000)")
        #expect(try await sql.reserve(task, 1, tokens: 4000) == "granted")
        #expect(try await sql.reserve(task, 2, tokens: 3000) == "rate later")
        try await sql.settle(task, 1, tokens: "1000")
        #expect(try await sql.reserve(task, 2, tokens: 3000) == "granted")
        #expect(try await sql.unreserve(task, 2))
        #expect(try await sql.reserve(task, 3, tokens: 20000) == "rate later")
        try await sql.setClock("1 hour 11 seconds")
        #expect(try await sql.reserve(task, 3, tokens: 20000) == "granted")
        try await sql.setClock("1 hour 2 minutes")
        #expect(try await sql.reserve(task, 4, tokens: 1) == "rate later")
        try await sql.setClock("1 hour 4 minutes")
        #expect(try await sql.reserve(task, 4, tokens: 1) == "granted")
        // Billed for more than was estimated: the bucket is owed.
        try await sql.settle(task, 4, tokens: "12000")
        #expect(try await sql.reserve(task, 5, tokens: 1) == "rate later")
    }

    @Test("a cool-down stops all siblings until then, scattered; a shorter one does not shorten it, null ends it")
    func coolDown() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue()
        try await sql.run("select agentcorp.cool_down('p', 'm', agentcorp.clock() + interval '60 s', 'HTTP 429')")
        try await sql.run("select agentcorp.cool_down('p', 'm', agentcorp.clock() + interval '5 s', 'again')")
        #expect(try await sql.reserve(task, 1) == "cooldown later")
        #expect(try await sql.reserve(task, 1, model: "n") == "granted")
        let waits = try await sql.rows(
            "select r.wait from generate_series(1, 20) i cross join lateral agentcorp.reserve(0::smallint, \(task), 1, 1 + i, 'p', 'm', 0, 0) r where r.wait between '55 s' and '67 s'"
        )
        #expect(Set(waits).count == 20)
        #expect(try await sql.value("select cooldown_reason from agentcorp.provider_limits") == "HTTP 429")
        try await sql.setClock("2 minutes")
        #expect(try await sql.reserve(task, 2) == "granted")
        #expect(try await sql.rows("select * from agentcorp.provider_limits").isEmpty)
        try await sql.run("select agentcorp.cool_down('p', '*', agentcorp.clock() + interval '3 days', 'quota')")
        #expect(try await sql.reserve(task, 3) == "cooldown later")
        #expect(try await sql.reserve(task, 3, provider: "q") == "granted")
        try await sql.run("select agentcorp.cool_down('p', '*', null)")
        #expect(try await sql.reserve(task, 4) == "granted")
    }

    @Test("a refusal by the provider takes nothing from the budget, nor from the buckets")
    func allOrNothing() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue()
        try await sql.setBudget(task, "usd => 1")
        try await sql.run(
            "select agentcorp.set_provider_limit('p', requests_per_minute => 5), agentcorp.set_provider_limit('p', 'm', max_concurrent => 1)"
        )
        #expect(try await sql.reserve(task, 1) == "granted")
        for seq in 2...9 { #expect(try await sql.reserve(task, seq) == "concurrency later") }
        #expect(try await sql.budget(task, "usd_reserved") == "0.1")
        #expect(
            try await sql.value("select round(requests_left) from agentcorp.provider_limit where model = '*'") == "4")
        try await sql.setBudget(task, "usd => 0.1")
        #expect(try await sql.reserve(task, 2, model: "n") == "usd \(task) later")
        #expect(
            try await sql.value("select round(requests_left) from agentcorp.provider_limit where model = '*'") == "4")
    }

    @Test("limits are shared out among shards, so that together they give no more")
    func shards() async throws {
        let sql = try await Session.open()
        try await sql.run("insert into agentcorp.shard values (1), (2)")
        try await sql.refuses("select agentcorp.set_provider_limit('p', max_concurrent => 2)", "AC007", "under 3")
        try await sql.run("select agentcorp.set_provider_limit('p', max_concurrent => 4)")
        var granted = 0
        for shard in 0...2 {
            for seq in 1...4 {
                granted += try await sql.int(
                    "select granted::int from agentcorp.reserve(\(shard)::smallint, (\(shard)::bigint << 53) + 1, 1, \(seq), 'p', 'm', 0, 0)"
                )
            }
        }
        #expect(granted == 4)
        #expect(
            try await sql.rows("select model, max_concurrent, in_flight from agentcorp.provider_limits") == ["*|4|4"])
        try await sql.run("delete from agentcorp.reservation; delete from agentcorp.shard where shard > 0")
    }

    @Test("limits that make no sense are refused; one that is removed limits no more")
    func refusals() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue()
        try await sql.refuses(
            "select agentcorp.set_provider_limit('p')", "AC007", "limits nothing", hint: "remove_provider_limit")
        try await sql.refuses("select agentcorp.set_provider_limit('', max_concurrent => 1)", "AC007")
        try await sql.refuses("select agentcorp.set_provider_limit('p', '', 1)", "AC007")
        try await sql.refuses(
            "select agentcorp.set_provider_limit('p', max_concurrent => 0)", "AC007", hint: "cool_down")
        try await sql.refuses("select agentcorp.cool_down('p', '*', 'infinity')", "AC007")
        try await sql.run("select agentcorp.set_provider_limit('p', max_concurrent => 1)")
        #expect(try await sql.reserve(task, 1) == "granted")
        #expect(try await sql.reserve(task, 2) == "concurrency later")
        #expect(try await sql.value("select agentcorp.remove_provider_limit('p')") == "true")
        #expect(try await sql.value("select agentcorp.remove_provider_limit('p')") == "false")
        #expect(try await sql.reserve(task, 2) == "granted")
    }
}
