"""What runs inside the sandbox. Imports the standard library and itself alone."""
