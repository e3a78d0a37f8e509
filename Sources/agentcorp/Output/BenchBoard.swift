import Bench
import Postgres
import Queue
import Synchronization

/// Shows the figures of a benchmark as they come, and remembers what missed its target.
final class BenchBoard: Sendable {
    private let isJSON: Bool
    private let sections = Mutex<[Section]>([])

    init(isJSON: Bool) { self.isJSON = isJSON }

    func show(_ event: Bench.Event) {
        switch event {
        case .progress(let text):
            // On a terminal the line is written over by the next; in a log it would only be noise.
            if Terminal.errors.isInteractive {
                Terminal.errors.write("\r\u{1B}[K\(Terminal.errors.styled(.dim, text))")
            }
        case .section(let section):
            if Terminal.errors.isInteractive { Terminal.errors.write("\r\u{1B}[K") }
            sections.withLock { $0.append(section) }
            if !isJSON { show(section) }
        }
    }

    /// Prints what is only printed at the end.
    func finish() {
        guard isJSON else { return }
        let lines = sections.withLock { $0 }.flatMap { section in
            section.figures.compactMap { figure in
                try? JSONCoding.encode(Record(section: section.title, figure)).text
            }
        }
        Terminal.output.line("[\n" + lines.joined(separator: ",\n") + "\n]")
    }

    /// Ratios that miss their target by more than a tenth.
    var misses: [String] {
        sections.withLock { $0 }.flatMap { section in
            section.figures.filter { !$0.isKept }.map {
                "\(section.title): \($0.metric): \(Self.text($0.ratio ?? $0.ours)), where the target is \(Self.text($0.target))"
            }
        }
    }

    private func show(_ section: Section) {
        let terminal = Terminal.output
        var table = Table([
            .init("  METRIC"), .init("AGENTCORP", isRight: true), .init("RAW", isRight: true), .init("UNIT"),
            .init("RATIO", isRight: true), .init("TARGET", isRight: true),
        ])
        for figure in section.figures {
            let style: Style =
                switch figure.attainment {
                case nil: .plain
                case .some(let share): share >= 1 ? .green : share >= 0.9 ? .yellow : .red
                }
            let target = figure.target.map { Self.text($0) }
            table.add([
                .init("  " + figure.metric), .init(Self.text(figure.ours)), .init(figure.raw.map { Self.text($0) }),
                .init(figure.unit.rawValue, .dim), .init(figure.ratio.map { Self.text($0) }, style),
                .init(target, figure.ratio == nil ? style : .dim),
            ])
        }
        terminal.write(
            terminal.styled(.bold, section.title) + "\n" + table.lines(for: terminal).joined(separator: "\n") + "\n\n")
    }

    /// Three digits that count, and thousands apart.
    private static func text(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        let size = abs(value)
        let digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
        let scale = [1, 10, 100, 1000][digits]
        let scaled = Int((size * Double(scale)).rounded())
        let fraction = String(String(scaled % scale + scale).dropFirst())
        return (value < 0 ? "-" : "") + grouped(scaled / scale) + (digits == 0 ? "" : "." + fraction)
    }

    private static func grouped(_ number: Int) -> String {
        number < 1000 ? "\(number)" : grouped(number / 1000) + "," + String(String(number % 1000 + 1000).dropFirst())
    }

    private static func text(_ target: Target?) -> String {
        switch target {
        case .ratioAtLeast(let value): ">= \(text(value))"
        case .ratioAtMost(let value), .atMost(let value): "<= \(text(value))"
        case nil: ""
        }
    }

    private struct Record: Encodable {
        let section: String
        let metric: String
        let unit: String
        let agentcorp: Double
        let raw: Double?
        let ratio: Double?
        let target: String?
        let attainment: Double?

        init(section: String, _ figure: Figure) {
            self.section = section
            metric = figure.metric
            unit = figure.unit.rawValue
            agentcorp = figure.ours
            raw = figure.raw
            ratio = figure.ratio
            target = figure.target.map { BenchBoard.text($0) }
            attainment = figure.attainment
        }
    }
}
