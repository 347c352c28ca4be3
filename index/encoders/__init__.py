"""Texts -> vectors, and a question beside a passage -> a score: the models that run on the processor.

In reading order:

bert — the forward pass of a BERT encoder in NumPy: token ids -> the states of the tokens
packaged — the model that ships, and others like it, in NumPy
any_model — texts -> unit vectors, by sentence-transformers: any model, at its library's own speed
reader — a question and passages of text -> the span of each that answers, if any: extractive reading
"""
