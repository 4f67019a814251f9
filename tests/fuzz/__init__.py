"""What no test and no answer may do: hold up the judge (`python -m tests.fuzz SECONDS`)."""
