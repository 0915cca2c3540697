"""Controls that more than one panel uses, each in its own module: a window shows before all are read."""
