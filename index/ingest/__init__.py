"""Documents of all kinds -> reviewed-by-people Markdown in the sources folder.

`intake.Intake` is the way in: it takes a file's bytes or an address, and says `Added`, `Merged` or
`Refused`.  `holdings` knows what is there already, `removing` and `listing` are the other two
things that a curator does.  Nothing here touches the index itself.
"""
