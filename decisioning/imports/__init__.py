"""History from elsewhere: files of interactions become rows, each recorded once."""
