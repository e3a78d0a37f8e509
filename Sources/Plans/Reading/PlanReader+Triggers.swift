internal import Documents
internal import JSON

extension PlanReader {
    func triggers(_ fields: inout DocumentFields) -> [PlanTrigger] {
        let advice =
            "Write [{\"topic\": \"alerts.*\"}, {\"cron\": \"0 * * * *\"}, {\"webhook\": \"NAME\", \"secret\": {\"env\": \"NAME\"}}]."
        guard let value = fields.value("on") else { return [] }
        guard case .array(let elements) = value, elements.count <= 100 else {
            fields.wrong("on", "\(DocumentFields.shown(value)) is no list of triggers", advice)
            return []
        }
        return elements.enumerated().compactMap { index, element in
            guard var inner = DocumentFields(element, at: "\(fields.pointer)/on/\(index)", issues, advice: advice)
            else {
                return nil
            }
            let trigger = trigger(&inner, advice)
            inner.refuseOthers()
            return trigger
        }
    }

    private func trigger(_ fields: inout DocumentFields, _ advice: String) -> PlanTrigger? {
        let words = ["topic", "cron", "webhook"].filter { fields.has($0) }
        guard words.count == 1 else {
            issues.add(
                fields.pointer,
                words.isEmpty ? "has no trigger" : "has several triggers: \(words.joined(separator: ", "))",
                words.isEmpty ? advice : "Make an element of each.")
            for name in fields.members.keys { _ = fields.value(name) }
            return nil
        }
        switch words[0] {
        case "topic":
            let pattern = fields.text("topic", longest: 250)
            if let pattern, !Self.isPattern(pattern) {
                fields.wrong(
                    "topic", "\(DocumentFields.shown(.string(pattern))) is no pattern of topics",
                    "Words with dots between; * stands for one word, ** at the end for one or more: orders.*.paid.")
            }
            let condition = fields.expression("where")
            let key = fields.template("key")
            let debounce = fields.duration("debounce")
            return pattern.map { .topic(pattern: $0, condition: condition, key: key, debounce: debounce) }
        case "cron":
            let cron = fields.text("cron", longest: 200)
            let timezone = fields.text("timezone", longest: 100)
            if let mistake = cron.flatMap(PlanCron.mistake) {
                fields.wrong("cron", mistake, "Write five fields, as 30 2 * * MON-FRI, or @daily, or every 15m.")
            }
            return cron.map { .cron($0, timezone: timezone) }
        default:
            let name = fields.text("webhook", longest: 100)
            if let name, !Self.isName(name) {
                fields.wrong(
                    "webhook", "\(DocumentFields.shown(.string(name))) cannot be part of a path",
                    "Use small letters, digits, - _ .")
            }
            let variable = secret(&fields)
            guard let name, let variable else { return nil }
            return .webhook(name, secretVariable: variable)
        }
    }

    private func secret(_ fields: inout DocumentFields) -> String? {
        let advice = "Write {\"env\": \"NAME\"}: the environment variable that holds it. Never the secret itself."
        guard let value = fields.value("secret") else {
            fields.missing("secret", advice)
            return nil
        }
        guard case .object(let members) = value else {
            fields.wrong("secret", "\(DocumentFields.kind(value)) instead of an object", advice)
            return nil
        }
        var inner = DocumentFields(members, at: "\(fields.pointer)/secret", issues)
        let variable = inner.text("env", longest: 200)
        if !inner.has("env") { inner.missing("env", advice) }
        if let variable,
            variable.utf8.first.map({ (0x30...0x39).contains($0) }) ?? true
                || !variable.utf8.allSatisfy({
                    $0 == 0x5F || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF)
                })
        {
            inner.wrong("env", "is no name of an environment variable", advice)
        }
        inner.refuseOthers()
        return variable
    }

    /// As the events have it.
    static func isPattern(_ text: String) -> Bool {
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...10).contains(words.count), text.utf8.count <= 250 else { return false }
        return words.enumerated().allSatisfy { index, word in
            word == "*" || (index == words.count - 1 && (word == "**" || word == "#"))
                || !word.isEmpty
                    && word.unicodeScalars.allSatisfy {
                        $0 != "*" && $0 != "#" && !$0.properties.isWhitespace
                            && $0.properties.generalCategory != .control
                    }
        }
    }
}
