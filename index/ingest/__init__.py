"""Documents of all kinds -> reviewed-by-people Markdown in the sources folder.

`add.Intake` is the way in: it takes a file's bytes or an address, and says `Added`, `Merged` or
`Refused`.  `catalog` knows what is there already, `remove` and `list` are the other two
things that a curator does.  Nothing here touches the index itself.

In reading order:

document — what was read of one document, made clean, and the Markdown file that it becomes
formats — what kind of document some bytes are: by their first bytes, then by name
readers — a file's bytes -> a `Draft`: one reader for each kind of document, and the parts that they share
sandbox_child — the process that reads foreign documents, one after the other
sandbox — reads foreign documents in a process of its own, with limits on its time and memory
fetch — an address -> its bytes, from the public web alone, within limits of time, size and redirects
naming — names of files: a readable one for an article, and which names of collections are safe
catalog — what the sources folder holds already, by address, by file of origin and by text
outcomes — what came of a document or an address that was to be added
given — what is given to be added: files of a disk or a chat, fetched pages, and what a person says of them
add — documents and addresses -> articles in the sources folder, each added, merged or refused
follow — feeds and sitemaps -> the articles that they list, added as they come and again when they change
remove — takes articles out of the sources folder, all that were named or none
list — the articles of the sources folder and of the index, and their differences
"""
