extension PlanDrawing {
    /// The plan as a picture of its own, in light or dark as the reader has it; nil for one of over `mostTasks` tasks.
    public var svg: String? {
        guard graph.count <= Self.mostTasks else { return nil }
        let picture = PlanPicture(graph)
        let head = [plan.name].compactMap { $0 } + plan.triggers.map { "on \($0.caption)" }
        let foot = plan.output.map { ["returns \($0.text)"] } ?? []
        let top = head.isEmpty ? 0 : head.count * 18 + 14
        let texts = (head + foot).map { PlanPicture.width($0, size: 12) }
        let width = max(picture.width, texts.max() ?? 0) + 48
        let height = picture.height + top + foot.count * 18 + 48 + (foot.isEmpty ? 0 : 10)
        var lines = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
            viewBox="0 0 \(width) \(height)" role="img" aria-label="\(PlanPicture.escaped(plan.name ?? "plan"))">
            """, Self.style,
            "<rect class=\"page\" width=\"\(width)\" height=\"\(height)\" rx=\"12\"/>",
        ]
        for (index, text) in head.enumerated() {
            let style = index == 0 && plan.name != nil ? "name" : "note"
            lines.append(PlanPicture.text(text, style, x: 24, y: 36 + index * 18))
        }
        let left = (width - picture.width) / 2
        lines.append("<g transform=\"translate(\(left) \(24 + top))\">")
        lines += picture.lines + ["</g>"]
        for (index, text) in foot.enumerated() {
            lines.append(PlanPicture.text(text, "note", x: 24, y: height - 24 - (foot.count - 1 - index) * 18))
        }
        return (lines + ["</svg>", ""]).joined(separator: "\n")
    }

    private static let style = """
        <style>
        svg { color-scheme: light dark; --page: #fbfcfe; --box: #ffffff; --edge: #64748b; --rim: #cbd5e1; --ink: #0f172a;
          --soft: #475569; --frame: #f1f5f9; --agent: #2563eb; --tool: #0d9488; --kind: #0d9488; --plan: #64748b;
          --vote: #9333ea; --approve: #d97706; --wait: #0891b2; --emit: #16a34a }
        @media (prefers-color-scheme: dark) {
          svg { --page: #0f172a; --box: #1e293b; --edge: #94a3b8; --rim: #475569; --ink: #f1f5f9; --soft: #a9b8cc;
            --frame: #172033; --agent: #60a5fa; --tool: #2dd4bf; --kind: #2dd4bf; --plan: #94a3b8; --vote: #c084fc;
            --approve: #fbbf24; --wait: #22d3ee; --emit: #4ade80 }
        }
        text { font-family: ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", Consolas, monospace; fill: var(--ink) }
        .page { fill: var(--page) }
        .name { font-size: 15px; font-weight: 700 }
        .id { font-size: 13px; font-weight: 700 }
        .verb { font-size: 12px }
        .note { font-size: 12px; fill: var(--soft) }
        .box { fill: var(--box); stroke: var(--rim); stroke-width: 1 }
        .frame { fill: var(--frame); stroke: var(--rim); stroke-width: 1 }
        .edge { fill: none; stroke: var(--edge); stroke-width: 1.5 }
        .failed { stroke-dasharray: 4 4 }
        .tip { fill: var(--edge) }
        .agent { fill: var(--agent) } .tool { fill: var(--tool) } .kind { fill: var(--kind) } .plan { fill: var(--plan) }
        .vote { fill: var(--vote) } .approve { fill: var(--approve) } .wait { fill: var(--wait) } .emit { fill: var(--emit) }
        </style>
        """
}
