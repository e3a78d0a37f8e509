public import JSON

/// What the server does with a request.
public struct MockAnswer: Sendable {
    public enum Step: Sendable {
        /// Sent and flushed by itself.
        case send([UInt8])
        /// Sent again and again, as long as the client takes it.
        case sendForever([UInt8])
        case pause(Duration)
        /// Waits for a test to open it.
        case gate(MockGate)
        /// Closes the connection in the middle of the answer.
        case drop
        /// Sends nothing more, and leaves the connection open.
        case stall
    }

    public var status: Int
    public var headers: [String: String]
    /// After the last, the answer ends as it should.
    public var steps: [Step]

    public init(status: Int = 200, headers: [String: String] = [:], steps: [Step]) {
        self.status = status
        self.headers = headers
        self.steps = steps
    }

    /// An answer in one piece.
    public static func json(_ value: JSONValue, status: Int = 200, headers: [String: String] = [:]) -> MockAnswer {
        text(value.text, type: "application/json", status: status, headers: headers)
    }

    /// Any text in one piece.
    public static func text(
        _ text: String, type: String? = nil, status: Int = 200, headers: [String: String] = [:]
    ) -> MockAnswer {
        var headers = headers
        if let type, headers["Content-Type"] == nil { headers["Content-Type"] = type }
        return MockAnswer(status: status, headers: headers, steps: [.send(Array(text.utf8))])
    }

    public static func redirect(_ location: String, status: Int = 302) -> MockAnswer {
        MockAnswer(status: status, headers: ["Location": location], steps: [])
    }

    /// A `text/event-stream`, each text a step.
    ///
    /// - Parameter end: What happens in the place of the end.
    public static func stream(
        _ texts: [String], then end: Step? = nil, headers: [String: String] = [:]
    ) -> MockAnswer {
        MockAnswer(
            headers: ["Content-Type": "text/event-stream"].merging(headers) { $1 },
            steps: texts.map { .send(Array($0.utf8)) } + [end].compactMap(\.self))
    }

    /// A connection that is closed before there is an answer.
    public static var hangUp: MockAnswer { MockAnswer(status: 0, steps: [.drop]) }

    /// No answer at all.
    public static var silence: MockAnswer { MockAnswer(status: 0, steps: [.stall]) }
}

extension MockAnswer {
    /// The same bytes in pieces of so many: it cuts events, lines and letters in two.
    public func split(every size: Int) -> MockAnswer {
        var answer = self
        let bytes = self.bytes
        answer.steps = stride(from: 0, to: bytes.count, by: size).map {
            .send(Array(bytes[$0..<min($0 + size, bytes.count)]))
        }
        return answer
    }

    /// The same with CRLF at the ends of lines.
    public func withCRLF() -> MockAnswer {
        mapped { text in text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n") }
    }

    /// The same with a comment before each event.
    public func withComments() -> MockAnswer {
        mapped { ": keep-alive\n\n" + $0 }
    }

    /// Only so many first steps, and then something else.
    public func cut(after count: Int, then step: Step) -> MockAnswer {
        var answer = self
        answer.steps = steps.prefix(count) + [step]
        return answer
    }

    /// The same with another step in front of the one with this index.
    public func inserting(_ step: Step, at index: Int) -> MockAnswer {
        var answer = self
        answer.steps.insert(step, at: index)
        return answer
    }

    /// Everything that is sent.
    public var bytes: [UInt8] {
        steps.flatMap { step -> [UInt8] in if case .send(let bytes) = step { bytes } else { [] } }
    }

    private func mapped(_ transform: (String) -> String) -> MockAnswer {
        var answer = self
        answer.steps = steps.map { step in
            guard case .send(let bytes) = step else { return step }
            return .send(Array(transform(String(decoding: bytes, as: UTF8.self)).utf8))
        }
        return answer
    }
}
