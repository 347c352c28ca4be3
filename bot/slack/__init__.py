"""Footnote in Slack: the only place that knows slack_bolt and slack_sdk.

In reading order:

faults — faults for the log: where it happened, never what was asked
log — the bot's log: as lines for a person or as JSON for a machine
health — signs of life, and what they mean, whoever asks
messages — what Footnote says in Slack: values in, Block Kit out
manners — who is being spoken to, and whether something is asked: when to speak without being mentioned
requests — what a curator asks the bot to do, read from a message: add, follow, remove, rebuild, status
incoming — Slack's events as questions: what was asked, where, by whom
client — Slack's Web API clients: how patient they are, and what is said when a token is refused
access — what may be seen where: no content for outsiders, and in each channel its own collections alone
locales — the language that each person uses Slack in: asked for once, and remembered for a while
curators — who may change the articles: people by id, and the members of user groups, who are remembered
replies — the two ways to reply: in a thread, and through the response address of a slash command
figures — what is counted of the bot in Slack, and under which names
ledger — what is written down of each question once it has ended: in the memory, in the figures
limits — how many questions a minute are taken from one person, and in one channel
workers — a bounded pool of threads: work that finds no room is refused at once, not left to wait unseen
pools — the threads that do the work, and what they share: limits, figures, the ledger
panel — the side panel of an app with `agent_view`: prompts to choose from, and titles of conversations
offers — buttons that lead on: questions that the articles answer
browsing — what a button may show: a quote in its context, the text around it, more like it
curating — what curators do in Slack: add, remove, list and follow articles
dispatch — where questions are taken: each delivery once, a reply to everybody
rounds — a thread that makes its rounds: renews the claims of questions under way
events — events: what is said to the bot is a question, edited and deleted ones too
commands — slash commands and the message shortcut: a question, and an answer that only the asker sees
people — questions for people: asked in the thread once, closed when answered, kept as articles by curators
actions — buttons: each is acknowledged at once, and shows no more than its channel has been shown
views — modals that come back: the reason for a 👎; all others are only acknowledged
home — App Home and the side panel: shown when somebody opens them, from what is indexed at that moment
report_post — the report in a channel: posted once, when somebody asks for it
app — the Bolt app with all listeners, and what it needs to stop without losing a question
run — what the main thread does while the others answer: wait for the signal, and look after things
monitor — `/metrics`, `/healthz` and `/readyz`, for whoever runs the bot
socket_mode — running the bot over Socket Mode
installing — a workspace installs the app by itself: Bolt's OAuth flow, with its stores in the data folder
workspaces — many workspaces in one process: an app for each that installed it
http_mode — running the bot over HTTP: Slack posts its deliveries, signed, to `/slack/events`
"""
