"""The decision engine: pure values in, pure values out; it imports neither Django nor a clock."""
