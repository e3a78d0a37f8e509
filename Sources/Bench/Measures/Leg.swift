/// One side of a round: what so many tasks took.
struct Leg: Sendable {
    /// Tasks per second.
    var rate = 0.0
    /// Per task, in microseconds; nil when the server is elsewhere.
    var serverCPU: Double?
    var clientCPU: Double?
    /// Per task.
    var wal = 0.0
    var commits = 0.0
    var statements: Double?
    /// Of the largest worker process, in MiB.
    var memory: Double?

    init(tasks: Int, seconds: Double, from start: ServerReading, to end: ServerReading, clientCPU: Double?) {
        let tasks = Double(tasks)
        rate = tasks / seconds
        serverCPU = end.cpu(since: start).map { $0 / tasks * 1e6 }
        self.clientCPU = clientCPU.map { $0 / tasks * 1e6 }
        wal = (end.wal - start.wal) / tasks
        commits = (end.commits - start.commits) / tasks
        if let first = start.statements, let last = end.statements { statements = (last - first) / tasks }
    }
}

/// The rounds of a case: the engine and the limit in turns.
struct Rounds: Sendable {
    var ours: [Leg] = []
    var raw: [Leg] = []

    init() {}

    init(_ legs: (ours: [Leg], raw: [Leg])) { (ours, raw) = legs }

    /// The figures that every throughput case has.
    func figures(
        rate: Target?, reached: Double? = nil, serverCPU: Target? = nil, clientCPU: Target? = nil
    ) -> [Figure] {
        var figures = [
            Figure("rate", .perSecond, ours: ours.map(\.rate), raw: raw.map(\.rate), target: rate, reached: reached)
        ]
        func add(_ name: String, _ unit: Figure.Unit, _ path: KeyPath<Leg, Double?>, _ target: Target?) {
            let values = ours.compactMap { $0[keyPath: path] }
            let limits = raw.compactMap { $0[keyPath: path] }
            guard !values.isEmpty else { return }
            figures.append(Figure(name, unit, ours: values, raw: limits.isEmpty ? nil : limits, target: target))
        }
        add("server CPU per task", .microseconds, \.serverCPU, serverCPU)
        add("client CPU per task", .microseconds, \.clientCPU, clientCPU)
        figures.append(Figure("WAL per task", .bytes, ours: ours.map(\.wal), raw: raw.map(\.wal)))
        figures.append(Figure("commits per task", .count, ours: ours.map(\.commits), raw: raw.map(\.commits)))
        add("statements per task", .count, \.statements, nil)
        add("worker's peak memory", .mebibytes, \.memory, nil)
        return figures
    }
}
