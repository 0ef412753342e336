"""Events and scores of the games, counted as plain numbers, and their way to the loggers."""
