internal import Patterns

extension SchemaCheck {
    mutating func check(_ elements: [JSONValue], _ rules: SchemaNode.ArrayRules, _ seen: inout Seen) {
        if let fewest = rules.fewest, elements.count < fewest {
            complain("must have at least \(fewest) elements, has \(elements.count)")
        }
        if let most = rules.most, elements.count > most {
            complain("must have at most \(most) elements, has \(elements.count)")
        }
        for (index, element) in elements.enumerated() {
            guard !found.isFull, let node = index < rules.first.count ? rules.first[index] : rules.others else { break }
            check(element, node, at: "\(index)")
        }
        if rules.others != nil {
            seen.items.formUnion(elements.indices)
        } else {
            seen.items.formUnion(elements.indices.prefix(rules.first.count))
        }
        if rules.isUnique { checkUnique(elements) }
        if let node = rules.contained { checkContained(elements, node, rules, &seen) }
    }

    private mutating func checkUnique(_ elements: [JSONValue]) {
        var places: [JSONValue: Int] = [:]
        for (index, element) in elements.enumerated() {
            guard spend(1 + element.size(upTo: 100_000) / 8) else { return }
            if let first = places.updateValue(index, forKey: element.normalized) {
                complain("must have no two equal elements, number \(index) is as number \(first) (counted from 0)")
                return
            }
        }
    }

    private mutating func checkContained(
        _ elements: [JSONValue], _ node: Int, _ rules: SchemaNode.ArrayRules, _ seen: inout Seen
    ) {
        var count = 0
        for (index, element) in elements.enumerated() {
            var touched = Seen()
            if attempt(element, node, &touched).count == 0 {
                count += 1
                seen.items.insert(index)
            }
        }
        if count < rules.fewestContained {
            let least = rules.fewestContained == 1 ? "an element" : "\(rules.fewestContained) elements"
            complain("must have at least \(least) of the kind that \"contains\" says, has \(count)")
        }
        if let most = rules.mostContained, count > most {
            complain("must have at most \(most) elements of the kind that \"contains\" says, has \(count)")
        }
    }

    mutating func checkUnevaluated(_ elements: [JSONValue], _ rules: SchemaNode.ArrayRules, _ seen: inout Seen) {
        guard let node = rules.unevaluated else { return }
        for (index, element) in elements.enumerated() where !seen.items.contains(index) && !found.isFull {
            check(element, node, at: "\(index)")
        }
        seen.items.formUnion(elements.indices)
    }

    mutating func check(_ members: [String: JSONValue], _ rules: SchemaNode.ObjectRules, _ seen: inout Seen) {
        for name in rules.required where members[name] == nil { complain("must have \"\(name)\"") }
        if let fewest = rules.fewest, members.count < fewest {
            complain("must have at least \(fewest) properties, has \(members.count)")
        }
        if let most = rules.most, members.count > most {
            complain("must have at most \(most) properties, has \(members.count)")
        }
        for (name, needs) in rules.dependentRequired where members[name] != nil {
            for need in needs where members[need] == nil { complain("must have \"\(need)\", since it has \"\(name)\"") }
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard !found.isFull, found.refusal == nil else { break }
            check(name, value, members, rules, &seen)
        }
    }

    private mutating func check(
        _ name: String, _ value: JSONValue, _ members: [String: JSONValue], _ rules: SchemaNode.ObjectRules,
        _ seen: inout Seen
    ) {
        if let node = rules.names {
            let before = found.count
            check(.string(name), node, at: name)
            if found.count > before { complain("has a property whose name is not allowed: \"\(name.prefix(60))\"") }
        }
        var isKnown = false
        if let node = rules.properties[name] {
            isKnown = true
            check(value, node, at: name)
        }
        for (pattern, node) in rules.patterns where matches(name, pattern) {
            isKnown = true
            check(value, node, at: name)
        }
        if !isKnown, let node = rules.others {
            isKnown = true
            if nodes[node].verdict == false {
                complainOfUnknown(name, members, rules)
            } else {
                check(value, node, at: name)
            }
        }
        if isKnown { seen.names.insert(name) }
    }

    private mutating func complainOfUnknown(
        _ name: String, _ members: [String: JSONValue], _ rules: SchemaNode.ObjectRules
    ) {
        let free = rules.properties.keys.filter { members[$0] == nil }.sorted()
        var message = "is no known property"
        if name.utf8.count <= 64, let near = Spelling.nearest(to: name, in: Array(free.prefix(100))) {
            message += ", did you mean \"\(near)\"?"
        } else if !rules.properties.isEmpty {
            let names = rules.properties.keys.sorted()
            message += ": known are \(names.prefix(20).joined(separator: ", "))\(names.count > 20 ? " and more" : "")"
        }
        path.append(name)
        complain(message)
        path.removeLast()
    }

    mutating func checkUnevaluated(
        _ members: [String: JSONValue], _ rules: SchemaNode.ObjectRules, _ seen: inout Seen
    ) {
        guard let node = rules.unevaluated else { return }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) where !seen.names.contains(name) && !found.isFull {
            if nodes[node].verdict == false {
                complainOfUnknown(name, members, rules)
            } else {
                check(value, node, at: name)
            }
        }
        seen.names.formUnion(members.keys)
    }
}
