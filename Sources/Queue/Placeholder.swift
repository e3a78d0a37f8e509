enum QueuePlaceholder {}
