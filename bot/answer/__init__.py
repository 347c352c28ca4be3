"""A question -> a cited answer, or an honest no.  Knows nothing of Slack or any other place that shows it.

In reading order:

question — how a question is put: the parts it has, and whether it asks for one thing or for several
conversation — a message in a conversation -> the question that can be searched by itself
times — what time a question is about, and how well a sentence and its article's date fit that
windows — what the reader sees of what was found: windows of sentences, and what it finds in each
ranking — which sentences answer a question, the very words that do, and how sure that is
selection — ranked sentences -> those that are quoted: few if one thing was asked
kin — rows of a table, lines of a form and answers of an FAQ tell each other apart by what they name
lists — a question for all of a list is answered by all of it, and one for a step by that step
disagreement — whether two sentences give different figures or dates for what was asked
find — one question -> the sentences to quote and how sure they are: parts, lists, times, disagreement
referring — words that mean an article ("the Meizu article", "it") -> the articles that they fit
catalog — questions about the articles themselves: how many there are, which name something, who wrote one
key_sentences — the sentences that say most: of an article, of the newest ones, or about a topic
citations — quotes -> numbered sources, and links that open an article at the very words
passages — pages for reading: the text before and after a passage, and a list of what is indexed
examples — articles -> questions that somebody could ask of them, for those who do not know what to ask
scoped_search — the articles of one generation that somebody may see, and a search among them
turns — a fair semaphore
answerer — a question -> a cited answer, or an honest no
support — whether sentences bear out another, as far as words can show it
prose — prose from quotes: what a language model is shown, and which of its sentences the quotes bear out
llm — the conversation with a language model: a request over HTTP, and what `prose` keeps of the reply
"""
