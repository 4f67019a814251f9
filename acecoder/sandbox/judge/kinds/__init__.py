"""The kinds of tests, one per file: an open room (see `kind`)."""
