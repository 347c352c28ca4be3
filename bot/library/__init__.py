"""Whose articles are whose, and what is done to them: asked, added, removed, built."""
