import Foundation
import JSON
import Plans
import TestSupport
import Testing

/// `AGENTCORP_FUZZ_ROUNDS` says how many texts of each sort are tried, `AGENTCORP_FUZZ_SEED` where chance begins.
@Suite("expressions by chance")
struct ExpressionFuzzTests {
    private static let rounds =
        ProcessInfo.processInfo.environment["AGENTCORP_FUZZ_ROUNDS"].flatMap(Int.init) ?? 400
    private static let seed =
        ProcessInfo.processInfo.environment["AGENTCORP_FUZZ_SEED"].flatMap(UInt64.init) ?? 1

    /// Each round has a seed of its own, which a failure names.
    private func eachRound(_ body: (inout RandomExpressions) throws -> Void) throws {
        for round in 0..<UInt64(Self.rounds) {
            var random = RandomExpressions(seed: Self.seed &* 1_000_003 &+ round)
            do {
                try body(&random)
            } catch {
                Issue.record(error, "round \(round)")
                throw error
            }
        }
    }

    private func scope(_ random: inout RandomExpressions) -> [String: JSONValue] {
        var scope: [String: JSONValue] = [:]
        for root in RandomExpressions.roots where !random.random.isOne(in: 8) { scope[root] = random.value() }
        return scope
    }

    @Test("whatever the text is, it parses or is refused at a place within it")
    func anyText() throws {
        try eachRound { random in
            let text =
                switch random.random.below(3) {
                case 0: random.noise()
                case 1: random.mutated(random.expression(3))
                default:
                    String(
                        decoding: (0..<random.random.below(40)).map { _ in UInt8(random.random.below(256)) },
                        as: UTF8.self)
                }
            for parse in [{ try Self.exercise($0) }, { try Self.exerciseTemplate($0) }] as [(String) throws -> Void] {
                do {
                    try parse(text)
                } catch let error as ExpressionError {
                    #expect((0...text.utf8.count).contains(error.offset), "\(text): \(error)")
                }
            }
        }
    }

    /// Parses, and does with it all that can be done.
    private static func exercise(_ text: String) throws {
        let expression = try Expression(text)
        _ = expression.value(in: [:])
        _ = expression.type(in: [:])
        let printed = try Expression(expression.description)
        #expect(printed.description == expression.description, "\(text)")
        #expect(printed.roots == expression.roots)
    }

    private static func exerciseTemplate(_ text: String) throws {
        let template = try Template(text)
        _ = template.value(in: [:])
        _ = template.type(in: [:])
        _ = try TemplateValue([.string(text)]).value(in: [:])
    }

    @Test("an expression prints as one that is the same")
    func roundTrip() throws {
        try eachRound { random in
            let text = random.expression()
            let expression = try Expression(text)
            let printed = try Expression(expression.description)
            #expect(printed.description == expression.description, "\(text)")
            for _ in 0..<3 {
                let scope = scope(&random)
                let value = expression.value(in: scope)
                #expect(printed.value(in: scope) == value, "\(text) prints as \(expression)")
                #expect(expression.holds(in: scope) == (value != .null && value != false))
                #expect(Set(expression.operands(in: scope).keys) == Set(printed.operands(in: scope).keys))
                // In a template of its own it keeps its type, in a longer one it is text.
                #expect(try Template("{{ \(text) }}").value(in: scope) == value, "\(text)")
                let inText = try Template("<{{ \(text) }}>")
                let expected = value == .null ? "" : value.string ?? value.text
                #expect(inText.value(in: scope) == .string("<\(expected)>"), "\(text)")
            }
        }
    }

    @Test("the value of an expression is of its type, and what never holds does not")
    func types() throws {
        try eachRound { random in
            let text = random.expression(3)
            let expression = try Expression(text)
            var schemas: [String: JSONValue] = [:]
            for root in RandomExpressions.roots { schemas[root] = random.schema() }
            let types = try schemas.mapValues { ValueType(try JSONSchema($0)) }
            let (type, problems) = expression.type(in: types)
            let conditions = expression.conditionProblems(in: types)
            #expect(problems.allSatisfy { (0..<text.utf8.count).contains($0.offset) })
            var verdicts: Set<Bool> = []
            for _ in 0..<4 {
                var scope: [String: JSONValue] = [:]
                for (root, schema) in schemas.sorted(by: { $0.key < $1.key }) {
                    let value = random.value(fitting: schema)
                    let violations = try JSONSchema(schema).violations(of: value)
                    #expect(violations.isEmpty)
                    #expect(types[root]?.admits(value) == true, "\(value.text) by \(schema.text)")
                    scope[root] = value
                }
                let value = expression.value(in: scope)
                #expect(type.admits(value), "\(text) is \(value.text), not \(type)")
                verdicts.insert(expression.holds(in: scope))
            }
            // That it always, or never, holds is told only when it does.
            if problems.isEmpty, !conditions.isEmpty { #expect(verdicts.count == 1, "\(text): \(conditions)") }
        }
    }

    @Test("what is told to be never equal is not")
    func comparisons() throws {
        try eachRound { random in
            let schemas = [random.schema(2), random.schema(2)]
            let types = try schemas.map { ValueType(try JSONSchema($0)) }
            let expression = try Expression("find == input")
            guard !expression.type(in: ["find": types[0], "input": types[1]]).problems.isEmpty else { return }
            for _ in 0..<4 {
                let values = schemas.map { random.value(fitting: $0) }
                #expect(!expression.holds(in: ["find": values[0], "input": values[1]]))
            }
        }
    }
}

extension ValueType {
    /// Whether the value is of the type.
    func admits(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.any, _), (.null, .null), (.bool, .bool), (.number, .integer), (.number, .number), (.string, .string):
            true
        case (.words(let words), .string(let text)): words.contains(text)
        case (.array(let type), .array(let elements)): elements.allSatisfy { type.admits($0) }
        case (.object(let types, let others), .object(let members)):
            members.allSatisfy { key, member in
                if let type = types[key] { return type.admits(member) }
                return switch others {
                case .none: false
                case .undeclared: true
                case .typed(let type): type.admits(member)
                }
            } && types.allSatisfy { members[$0.key] != nil || $0.value.canBeNull }
        case (.union(let types), _): types.contains { $0.admits(value) }
        default: false
        }
    }
}
