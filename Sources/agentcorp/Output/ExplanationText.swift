import Queue

/// Why a task stands where it stands, for people.
enum ExplanationText {
    static func print(_ lines: [Explanation], on terminal: Terminal) {
        var task: Int64?
        for line in lines {
            let indentation = String(repeating: "  ", count: min(line.level, 30))
            let text = DisplayText.printable(line.detail)
            if line.task != task, line.level > 0 || task == nil {
                let style = TaskState(rawValue: line.what).map { Style($0) } ?? .plain
                terminal.line(
                    indentation + terminal.styled(.bold, "task \(line.task)") + " " + terminal.styled(style, text))
            } else {
                terminal.line(indentation + "  " + text)
            }
            task = line.task
        }
    }
}
