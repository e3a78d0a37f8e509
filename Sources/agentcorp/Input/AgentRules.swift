import Agents
public import ArgumentParser

extension AgentMemory.Scope: ExpressibleByArgument {}
extension CostFilter.Grouping: ExpressibleByArgument {}
extension MemoryMerge: ExpressibleByArgument {}
extension AlwaysRule.Scope: ExpressibleByArgument {}
extension AlwaysRule.Decision: ExpressibleByArgument {}
extension AlwaysRule.Reason: ExpressibleByArgument {}
