"""Where a machine keeps the shared libraries and modules an interpreter needs."""

LIBRARY_DIRS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
