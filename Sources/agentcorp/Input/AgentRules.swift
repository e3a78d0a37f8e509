import Agents
public import ArgumentParser

extension AgentMemory.Scope: ExpressibleByArgument {}
extension CostFilter.Grouping: ExpressibleByArgument {}
extension MemoryMerge: ExpressibleByArgument {}
