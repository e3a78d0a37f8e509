extension SchemaCheck {
    /// The schemas that look at the same value.
    mutating func checkInPlace(_ value: JSONValue, _ node: SchemaNode, _ seen: inout Seen) {
        if let reference = node.reference { check(value, reference, &seen) }
        for part in node.all { check(value, part, &seen) }
        if !node.any.isEmpty { checkAny(value, node.any, &seen) }
        if !node.one.isEmpty { checkOne(value, node.one, &seen) }
        if let not = node.not {
            var touched = Seen()
            if attempt(value, not, &touched).count == 0 { complain("must not be of the kind that \"not\" says") }
        }
        if let condition = node.condition {
            let isMet = attempt(value, condition, &seen).count == 0
            if let next = isMet ? node.consequence : node.alternative { check(value, next, &seen) }
        }
        if case .object(let members) = value, let dependents = node.objects?.dependentSchemas {
            for (name, dependent) in dependents where members[name] != nil { check(value, dependent, &seen) }
        }
    }

    private mutating func checkAny(_ value: JSONValue, _ alternatives: [Int], _ seen: inout Seen) {
        var failures: [Findings] = []
        // All of them are tried, even after one that fits: each says which properties are known.
        for alternative in alternatives {
            let findings = attempt(value, alternative, &seen)
            if findings.count > 0 { failures.append(findings) }
        }
        if failures.count == alternatives.count { complain(none(of: failures, "anyOf")) }
    }

    private mutating func checkOne(_ value: JSONValue, _ alternatives: [Int], _ seen: inout Seen) {
        var failures: [Findings] = []
        var fits: [Int] = []
        for (index, alternative) in alternatives.enumerated() {
            let findings = attempt(value, alternative, &seen)
            if findings.count > 0 { failures.append(findings) } else { fits.append(index + 1) }
        }
        switch fits.count {
        case 1: break
        case 0: complain(none(of: failures, "oneOf"))
        default:
            let numbers = fits.prefix(5).map(String.init).joined(separator: " and ")
            complain("must fit exactly one of the \(alternatives.count) alternatives of \"oneOf\", fits \(numbers)")
        }
    }

    /// Names the alternative that was probably meant: the one of the right type with the fewest mistakes.
    private func none(of failures: [Findings], _ keyword: String) -> String {
        let here = JSONPointer.text(path)
        func rank(_ findings: Findings) -> (Int, Int) {
            let isOtherKind = findings.violations.first?.pointer == here && findings.count == 1
            return (
                isOtherKind && !(findings.violations.first?.message.hasPrefix("must have") ?? false) ? 1 : 0,
                findings.count
            )
        }
        guard let best = failures.indices.min(by: { rank(failures[$0]) < rank(failures[$1]) }) else { return "" }
        let reasons = failures[best].violations.map { violation in
            violation.pointer == here ? violation.message : violation.description
        }
        return "fits none of the \(failures.count) alternatives of \"\(keyword)\"; number \(best + 1) is near: "
            + reasons.joined(separator: "; ")
    }
}
