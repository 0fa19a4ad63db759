"""The control calls: what tests, benchmarks and the stage page do to the world."""
