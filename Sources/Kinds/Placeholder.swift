enum KindsPlaceholder {}
