"""Documents of all kinds -> reviewed-by-people Markdown in the sources folder.

`add.Intake` is the way in: it takes a file's bytes or an address, and says `Added`, `Merged` or
`Refused`.  `catalog` knows what is there already, `remove` and `list` are the other two
things that a curator does.  Nothing here touches the index itself.
"""
