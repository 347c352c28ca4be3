"""A question -> a cited answer, or an honest no.  Knows nothing of where it is shown."""
