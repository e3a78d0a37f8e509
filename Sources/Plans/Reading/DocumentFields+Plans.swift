internal import Documents
internal import JSON

extension DocumentFields {
    /// Also when it is null.
    func has(_ name: String) -> Bool { members[name] != nil }

    func missing(_ name: String, _ advice: String) {
        // Of a mistyped one it is said what was meant.
        guard !members.keys.contains(where: { $0 != name && Spelling.nearest(to: $0, in: [name]) != nil }) else {
            return
        }
        issues.add(pointer, "\(name) is missing", advice)
    }

    mutating func schema(_ name: String) -> JSONSchema? {
        guard let value = value(name) else { return nil }
        do {
            return try JSONSchema(value)
        } catch {
            wrong("\(name)\(error.pointer)", error.message, "Write a JSON Schema, as {\"type\": \"object\"}.")
            return nil
        }
    }

    mutating func duration(_ name: String) -> Duration? {
        guard let value = value(name) else { return nil }
        guard let duration = DurationText.duration(value) else {
            wrong(name, "\(Self.shown(value)) is not a duration", "Write 30s, 10m, 2h or 1d.")
            return nil
        }
        return duration
    }

    mutating func bool(_ name: String) -> Bool? {
        guard let value = value(name) else { return nil }
        guard case .bool(let truth) = value else {
            wrong(name, "\(Self.kind(value)) instead of true or false")
            return nil
        }
        return truth
    }

    /// A word that is one of some.
    mutating func word(_ name: String, among words: [String]) -> String? {
        guard let value = value(name) else { return nil }
        if let word = value.string, words.contains(word) { return word }
        wrong(
            name, "\(Self.shown(value)) is not understood",
            value.string.map { PlanOrder.guess($0, words) } ?? "There are \(words.joined(separator: ", ")).")
        return nil
    }

    mutating func expression(_ name: String) -> Expression? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else {
            wrong(name, "\(Self.kind(value)) instead of an expression", "Write it as a string, without braces.")
            return nil
        }
        do throws(ExpressionError) {
            return try Expression(text)
        } catch {
            let isTemplate = text.hasPrefix("{{") && text.hasSuffix("}}")
            note(error, at: "\(pointer)/\(name)", isTemplate ? "Leave out the braces: here, all is an expression." : "")
            return nil
        }
    }

    mutating func template(_ name: String) -> Template? {
        guard let value = value(name) else { return nil }
        guard let text = value.string, !text.isEmpty else {
            wrong(name, "\(Self.kind(value)) instead of a text")
            return nil
        }
        do throws(ExpressionError) {
            return try Template(text)
        } catch {
            note(error, at: "\(pointer)/\(name)")
            return nil
        }
    }

    /// Any value, in whose strings there may be expressions; null when it is null.
    mutating func templates(_ name: String) -> TemplateValue? {
        _ = value(name)
        guard let value = members[name] else { return nil }
        do throws(TemplateError) {
            return try TemplateValue(value)
        } catch {
            // It names the first mistake only.
            noteTemplates(value, at: "\(pointer)/\(name)", depth: 0)
            return nil
        }
    }

    private func noteTemplates(_ value: JSONValue, at place: String, depth: Int) {
        guard depth <= TemplateValue.deepest else {
            return issues.add(place, "nests deeper than \(TemplateValue.deepest)", "Make it flatter.")
        }
        switch value {
        case .string(let text):
            do throws(ExpressionError) { _ = try Template(text) } catch { note(error, at: place) }
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                noteTemplates(element, at: "\(place)/\(index)", depth: depth + 1)
            }
        case .object(let members):
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                noteTemplates(member, at: "\(place)/\(Self.escaped(name))", depth: depth + 1)
            }
        default: break
        }
    }

    /// An object, in whose strings there may be expressions, or an expression for one.
    mutating func arguments(_ name: String) -> TemplateValue? {
        switch value(name) {
        case nil: break
        case .object?: return templates(name)
        case .string(let text)? where text.hasPrefix("{{") && text.hasSuffix("}}"): return templates(name)
        case let other?:
            wrong(
                name, "\(Self.kind(other)) instead of an object", "Write {\"NAME\": ...}, or \"{{ EXPRESSION }}\".")
            return nil
        }
        return try? TemplateValue([:])
    }

    private func note(_ error: ExpressionError, at pointer: String, _ advice: String = "") {
        issues.add(
            advice.isEmpty ? error : ExpressionError(message: error.message, offset: error.offset, hint: advice),
            at: pointer)
    }

    /// An object that is read elsewhere.
    mutating func object(_ name: String) -> JSONValue? {
        guard let value = value(name) else { return nil }
        guard value.members != nil else {
            wrong(name, "\(Self.kind(value)) instead of an object")
            return nil
        }
        return value
    }

    /// `{"usd", "tokens", "turns", "time"}`, as it stands in the document.
    mutating func budget(_ name: String) -> JSONValue? {
        let advice = "Write {\"usd\": 0.5, \"tokens\": 50000, \"turns\": 12, \"time\": \"10m\"}, or some of these."
        guard let value = value(name),
            var inner = DocumentFields(value, at: "\(pointer)/\(name)", issues, advice: advice)
        else { return nil }
        _ = inner.number("usd", in: 0...1_000_000_000)
        _ = inner.integer("tokens", in: 0...1_000_000_000_000)
        _ = inner.integer("turns", in: 0...1_000_000)
        _ = inner.duration("time")
        inner.refuseOthers()
        return value
    }
}
