"""Sets of problems, one per file: an open room (see `problem_set`); `loading` finds them by name."""
