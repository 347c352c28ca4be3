"""The HTTP server, and above all the page to ask, to read, and to look after the articles.

The page is rendered here, with a few lines of script that it also works without.  Nothing of an article gets
onto it unescaped, and nothing is fetched from elsewhere.

In reading order:

server — a running server of routes, on a thread of its own; bodies read within limits
markdown — an article's Markdown -> HTML that is safe to show, with the quoted words marked
links — addresses of articles on the page: signed, and only for a while
conversations — what was asked on the page and answered, kept in memory for a while
week — a report's days -> a picture: how many questions a day, and how they ended
jobs — changes of the articles that somebody asked for: one after the other, each with its outcome
access — who is at the page, and what they may do there: sessions, signing in, and forms that are ours
pages — a request -> a page: who may see it, whether its form is ours, and with which headers it is sent
asking — a conversation on the page, with the same answers as in Slack
reading — the articles as pages, opened at a quoted sentence
curating — what is indexed and what is not, the articles changed, and what people asked in vain
app — the routes of the page
"""
