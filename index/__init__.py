"""Articles in, ranked passages out.  Knows nothing of Slack or of how an answer is shown.

In reading order:

types — the values that travel through the index, from a file on disk to a ranked passage
marks — the marks inside a line of Markdown: what of them is hidden, and how the rest reads without them
sentences — sentence boundaries as character offsets, for prose in any script
units — what can be quoted from an article: units of its Markdown, each with what stands above it
article — one file's bytes -> one `Article`: decoding, front matter, and the body that offsets count in
manifests — what the saved index says of itself: which generation is current, and what each is made of
folder — a folder -> its articles, with a reason for every file that could not be read
chunking — an article -> passages of whole sentences, and the text that a passage is searched by
terms — words as the lexical index sees them: normalised, stemmed, and segmented where no spaces are
common_terms — how common a term is in English at large, for collections too small to tell
encoders — texts -> vectors, and a question beside a passage -> a score
vectors — vectors that can be searched by cosine, and vectors that are only looked up by row
postings — the terms of one segment's passages: which passage holds which term how often
keywords — the lexical index: BM25 over the terms of passages, exact however many parts they lie in
segments — a part of the index: one immutable folder with some articles and all that is known of them
generation — a generation of the index: its segments as one whole to search, how it is written
draft — a generation in the making: articles added to and removed from the segments of the last one
build — sources -> a new current generation; only what changed is read, split, embedded and written
rollback — going back to a generation that was kept
store — what a search asks of the place where vectors and terms are kept, and the one that Footnote has
ranking — how much each kind of evidence counts: pure functions over scores, and nothing else
search — a question -> ranked passages, with the evidence of each of their sentences
connections — connections for HTTP that end at one deadline
ingest — documents of all kinds -> reviewed-by-people Markdown in the sources folder
"""
