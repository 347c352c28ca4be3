"""Questions in, cited answers out: in Slack, a browser or a terminal.  Imports `index`, never the reverse.

In reading order:

types — the values that an asker gets: an answer with its quotes and sources, or an honest no
words — every word that Footnote itself says in Slack, in each language
text — text made safe to show: cut, escaped, linked, dated
config — every setting: the variable that holds it, its default, what it means, and what is allowed
answer — a question -> a cited answer, or an honest no
quality — how good the answers are: your own questions asked, a new index accepted
library — whose articles are whose, and what is done to them: asked, added, removed, built
memory — what the bot must remember beyond one process
report — what a period was like for those who run the bot: pure, from what the memory holds of it
web — what Footnote serves over HTTP: the page to ask, to read and to look after the articles
slack — Footnote in Slack: the only place that knows slack_bolt and slack_sdk
wiring — the concrete parts put together: the one place that builds an encoder, an index and a Slack app
terminal — the command line: what was typed -> one command, its exit code
__main__ — the `footnote` command
"""
