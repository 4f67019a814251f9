"""What several verbs share: the options that name a pipeline, a profile and a cluster."""
