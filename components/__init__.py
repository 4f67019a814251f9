"""KFP components: one per stage, each a thin wrapper of it.

An input that may be missing is `Input[X] = None`, not `Optional[Input[X]]`: KFP's executor (2.17)
makes no instance of the latter where a real backend hands it an artifact without a schema title.
"""
