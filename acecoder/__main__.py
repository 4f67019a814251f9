"""`python -m acecoder` is the command `acecoder`."""

from acecoder.cli import main

raise SystemExit(main())
