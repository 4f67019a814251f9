"""What each stage shows of a run, one per file: an open room (see `reporting.view`)."""
