"""Requests of curators in Slack: add, remove, list and follow articles.

In reading order:

downloads — files that people gave to the bot in Slack: fetched with its token
curate — what curators ask for in Slack: done one after the other, beside the answers
adding — an article from App Home: a link or a text in a modal
"""
