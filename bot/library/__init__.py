"""Whose articles are whose, and what is done to them: asked, added, removed, built.

In reading order:

reasons — why a file or an address is no article, in the reader's language
store — opens the index's store, by the settings
rights — which collections each channel sees: the settings file, read strictly, and followed while a bot runs
library — the articles as somebody looks after them who is not at a terminal: add, find, remove, rebuild
outcomes — what a change of the articles came to, line by line
"""
