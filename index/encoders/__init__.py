"""Texts -> vectors, and a question beside a passage -> a score: the models that run on the processor."""
