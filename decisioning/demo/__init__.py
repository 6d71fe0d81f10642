"""A believable tenant to try Kaireon with: a bank, its policies and a simulated history."""
