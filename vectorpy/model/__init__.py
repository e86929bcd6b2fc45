"""Pure: what metrics, points, rings, expressions and messages are. No I/O, no clock, no thread."""
