"""What operators do to history: fill in, hand out, hold, erase, let go."""
