"""Footnote in Slack: the only place that knows slack_bolt and slack_sdk.

In reading order:

log — the bot's log: as lines for a person or as JSON for a machine; of a fault, its place in the code
health — signs of life, and their meaning
messages — what Footnote says in Slack: values in, Block Kit out
requests — what a curator asks the bot to do, read from a message: add, follow, remove, rebuild, status
pointing — whether a message means another one, and what it quotes or forwards
incoming — Slack's events as questions: the text, the place, the person
client — Slack's Web API clients: how patient they are, and what is said when a token is refused
lookups — facts asked of Slack before a reply: languages, what each channel may see, curators
streams — prose below a reply, shown as a language model writes it
replies — the two ways to reply: in a thread, and through the response address of a slash command
figures — what is counted of the bot in Slack, and under which names
record — what is written down of each question once it has ended: in the memory, in the figures
pools — the threads that do the work: bounded, so that what finds no room is refused at once
curating — what curators do in Slack: add, remove, list and follow articles
home — App Home and the side panel: shown when somebody opens them
offers — buttons that lead on: questions that the articles answer
responder — what is said to a question, an order or a request
dispatch — a question's way: accepted once, answered, recorded
buttons — what a button may show, and what comes of pressing it
people — questions for people: asked in the thread once, closed when answered, kept as articles by curators
listeners — what Slack delivers: messages, edits, deletions, commands, shortcuts, modals that come back
report_post — the report in a channel: posted once, when somebody asks for it
app — the Bolt app with all listeners, and what it needs to stop without losing a question
run — what the main thread does while the others answer: wait for the signal, and look after things
monitor — `/metrics`, `/healthz` and `/readyz`, for the people who run the bot
socket_mode — running the bot over Socket Mode
installing — a workspace installs the app by itself: Bolt's OAuth flow, with its stores in the memory
workspaces — many workspaces in one process: an app for each that installed it
http_mode — running the bot over HTTP: Slack posts its deliveries, signed, to `/slack/events`
"""
