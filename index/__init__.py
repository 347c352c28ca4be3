"""Articles in, ranked passages out.  Knows nothing of Slack or of how an answer is shown.

In reading order:

reasons — why a file or an address is no article: the reasons, and their words in English
types — the values that travel through the index, from a file on disk to a ranked passage
files — files that are written whole or not at all, locks that end with their process, signs of a change
marks — the marks inside a line of Markdown: what of them is hidden, and how the rest reads without them
sentences — sentence boundaries as character offsets, for prose in any script
lines — lines of stored Markdown as they are seen, and what each is by itself
outline — the units of a text while they are found: drafts, and what stands above them
paragraphs — paragraphs of Markdown: sentences, forms, terms, labels and questions, lead-ins of what follows
html_blocks — HTML in Markdown: its blocks, element by element
units — what can be quoted from an article: units of its Markdown, each with what stands above it
lists — which items of an article make one list, in which order, and how they are numbered
rendering — how units look to people and to models: no marks, table rows with their heads, steps with
front_matter — the front matter of a file -> its fields, which know their lines, and the body below
article — one file's bytes -> one `Article`: what its fields mean, and the body that offsets count in
manifest — the index's record of itself: which generation is current, and what each is made of
folder — a folder -> its articles, with a reason for every file that could not be read
chunking — an article -> passages of whole sentences, and the text that a passage is searched by
terms — words as the lexical index sees them: normalised, stemmed, and segmented if written without spaces
common_terms — how common a term is in English at large, for collections too small to tell
encoders — texts -> vectors, and a question beside a passage -> a score
vectors — vectors that can be searched by cosine, and vectors that are only looked up by row
keywords — the lexical index: BM25 over one matrix of counts, which passage holds which term how often
store — the interface to the index: generations, and what searching, listing and building need of them
generation — one state of the index: an immutable folder, opened and searched
writer — a generation's folder written: what stays of the last one copied, what is new added
check — a generation read bit by bit
generations — the index in files: which generation is current, exchanged, gone back from and deleted
postgresql — the index in a PostgreSQL database, with the same answers
copying — an index copied from one store into another, without the model
build — sources -> a new current generation; only what changed is read, split and embedded
workers — texts embedded by the machines of a Ray cluster
ranking — how much each kind of evidence counts: pure functions over scores, and nothing else
search — a question -> ranked passages, with the evidence of each of their sentences
connections — connections for HTTP that end at one deadline
ingest — documents of all kinds -> Markdown in the sources folder, for people to review
"""
