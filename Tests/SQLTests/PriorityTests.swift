import TestSupport
import Testing

@Suite(.checkedDatabase)
struct PriorityTests {
    /// Claims one task after another while there is always an urgent one; returns how many claims each worker-queue
    /// pair needed to get at its least urgent task.
    private static let stream = """
        do $$
        declare v_task record; v_worker bigint; v_queue text; v_queues text[] := '%QUEUES%'; v_claims int := 0;
        begin
            v_worker := (agentcorp.register_worker('h', 1, '1', v_queues, '{a}', 1)).worker;
            foreach v_queue in array v_queues loop
                perform agentcorp.enqueue('slow', queue => v_queue, priority => 9);
                perform agentcorp.enqueue('fast', queue => v_queue, priority => 0), agentcorp.enqueue('fast', queue => v_queue, priority => 0);
            end loop;
            while exists (select from agentcorp.ready where priority = 9) loop
                v_claims := v_claims + 1;
                assert v_claims <= 300, 'priority 9 starves';
                foreach v_queue in array v_queues loop
                    select * into strict v_task from agentcorp.claim(v_worker, v_queue);
                    perform agentcorp.finish(v_task.task_id, v_task.attempt, v_worker);
                    perform agentcorp.enqueue('fast', queue => v_queue, priority => 0);
                end loop;
            end loop;
            assert v_claims > 3, 'priority 9 came first';
        end $$
        """

    @Test("a constant stream of urgent tasks does not starve the least urgent one")
    func starvation() async throws {
        let sql = try await Session.open()
        try await sql.run(Self.stream.replacing("%QUEUES%", with: "{default}"))
    }

    @Test("nor in any of several queues that are claimed from in turn")
    func starvationOfQueues() async throws {
        let sql = try await Session.open()
        try await sql.run(Self.stream.replacing("%QUEUES%", with: "{a,b,c,d,e,f,g,h}"))
    }

    @Test("urgent tasks go first nearly always")
    func urgentFirst() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run(
            "select agentcorp.enqueue('a', priority => p) from generate_series(0, 9) p, generate_series(1, 100) i")
        var urgent = 0
        for _ in 1...100 {
            if try await sql.value("select priority from agentcorp.claim(\(worker))") == "0" { urgent += 1 }
        }
        #expect(urgent >= 80 && urgent < 100)
    }

    @Test("a batch that is not filled by urgent tasks takes the others too")
    func fill() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for priority in [9, 5, 0] { try await sql.enqueue("'a', priority => \(priority)") }
        #expect(try await sql.claim(worker, 3) == [3, 2, 1])
    }
}
