public import ArgumentParser
public import Orchestration

extension TaskEvent.Kind: ExpressibleByArgument {}
