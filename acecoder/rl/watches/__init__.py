"""Whether a policy earns its reward by being right: an open room (see `watch`)."""
