import Queue

/// The doctor's findings for people: what is wrong first, each with its mend.
struct FindingsReport {
    private let findings: [Finding]
    private let showsAll: Bool
    private let terminal: Terminal

    init(_ findings: [Finding], showsAll: Bool, terminal: Terminal = .output) {
        self.findings = findings
        self.showsAll = showsAll
        self.terminal = terminal
    }

    func print() {
        terminal.write((lines + [summary]).joined(separator: "\n") + "\n")
    }

    private var lines: [String] {
        // A stable sort: checks keep their order among equals.
        let shown = Finding.Severity.allCases.reversed().flatMap { severity in
            findings.filter { $0.severity == severity && (showsAll || severity != .ok) }
        }
        let width = shown.map { DisplayText.width($0.check) }.max() ?? 0
        return shown.flatMap { lines($0, checkWidth: width) }
    }

    private func lines(_ finding: Finding, checkWidth: Int) -> [String] {
        let label = terminal.styled(style(finding.severity), DisplayText.pad(finding.severity.rawValue, to: 7))
        let indent = 7 + 2 + checkWidth + 2
        let head = "\(label)  \(DisplayText.pad(finding.check, to: checkWidth))  "
        var lines = wrapped(finding.found, indent: indent, .plain)
        lines[0] = head + lines[0].dropFirst(indent)
        if let mend = finding.mend { lines += wrapped(mend, indent: indent, .dim) }
        if let fix = finding.fix {
            let statements = fix.split(separator: "\n", omittingEmptySubsequences: true)
            let rest = statements.count > 1 ? " ... (all of it with --json)" : ""
            let text = DisplayText.printable(String(statements.first ?? "")) + rest
            lines.append(String(repeating: " ", count: indent) + terminal.styled(.cyan, text))
        }
        return lines
    }

    /// Lines of whole words, each indented; on one line where nobody looks at it on a terminal.
    private func wrapped(_ text: String, indent: Int, _ style: Style) -> [String] {
        let room = max(30, terminal.size.columns == .max ? .max : terminal.size.columns - indent)
        var lines: [String] = []
        var line = ""
        for word in DisplayText.printable(text).split(separator: " ") {
            if !line.isEmpty, DisplayText.width(line) + 1 + DisplayText.width(String(word)) > room {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        lines.append(line)
        return lines.map { String(repeating: " ", count: indent) + terminal.styled(style, $0) }
    }

    private var summary: String {
        let checks = "\(Set(findings.map(\.check)).count) checks"
        let counts = Finding.Severity.allCases.reversed().compactMap { severity -> String? in
            let count = findings.count { $0.severity == severity }
            guard severity != .ok, count > 0 else { return nil }
            return terminal.styled(style(severity), "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")")
        }
        let isWell = !findings.contains { $0.severity >= .warning }
        let verdict = isWell ? [terminal.styled(.green, "all is well")] : []
        let fixable = findings.contains { $0.isSafe } ? "; --fix mends what is safe" : ""
        return "\(checks): \((verdict + counts).joined(separator: ", "))\(fixable)"
    }

    private func style(_ severity: Finding.Severity) -> Style {
        switch severity {
        case .ok: .green
        case .note: .cyan
        case .warning: .yellow
        case .error: .red
        }
    }
}
