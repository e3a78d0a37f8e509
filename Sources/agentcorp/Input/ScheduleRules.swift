public import ArgumentParser
public import Queue

extension ScheduleRequest.CatchUp: ExpressibleByArgument {}
extension ScheduleRequest.Overlap: ExpressibleByArgument {}
