"""Golden numbers: losses and verdicts recorded on commit c343558, before the structure was rebuilt.

They speak to the command line alone, so that they outlive any change of what is behind it.
"""
