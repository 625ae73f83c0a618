"""What a person or a schedule starts: Prefect flows and the ``prealign`` command line."""

from flows.quiet import be_quiet

# Prefect and Ray read their settings when they are imported, so this comes before any of them.
be_quiet()
