"""A file's bytes -> a `Draft`: one reader for each kind of document, and the parts that they share."""
