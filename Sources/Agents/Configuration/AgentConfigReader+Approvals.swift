internal import Documents
internal import JSON

extension AgentConfigReader {
    func approvals(_ fields: inout DocumentFields) -> ApprovalPolicy {
        let advice =
            "Write {\"tools\": [\"terminal.*\"], \"approvers\": [\"ann\"], \"expires\": \"2h\", \"default\": \"reject\"}."
        guard let value = fields.value("approvals"),
            var inner = DocumentFields(value, at: "/approvals", issues, advice: advice)
        else { return ApprovalPolicy() }
        var policy = ApprovalPolicy(tools: tools(named: "tools", &inner))
        for (index, tool) in policy.tools.enumerated() where tool.dropLast().contains("*") {
            inner.wrong(
                "tools/\(index)", "\"\(tool)\" has a * before its end", "Name the tool, or how it begins: terminal.*.")
        }
        policy.approvers = inner.texts("approvers", longest: 200, atMost: 100)
        if let value = inner.value("expires") {
            policy.expires = DurationText.duration(value)
            if policy.expires == nil {
                inner.wrong(
                    "expires", "\(DocumentFields.shown(value)) is not a duration", "Write 30s, 10m, 2h or 1d.")
            }
        }
        policy.fallback = inner.word("default", of: ApprovalPolicy.Fallback.self)
        inner.refuseOthers()
        if inner.value("default") != nil, inner.value("expires") == nil {
            inner.wrong("default", "never counts: questions do not expire", "Say when: \"expires\": \"2h\".")
        }
        return policy
    }
}
