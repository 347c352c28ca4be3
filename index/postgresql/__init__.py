"""The index in a PostgreSQL database, with pgvector for vectors and pg_textsearch for words.

Imported only if a database is named.  The two extensions propose passages; every score that leaves this
package is worked out exactly, as it is of files.  All generations share the same rows: each row says with
which generation it came and with which it goes, and one row says which generation is current.

In reading order:

server — a server and its database: addresses, connections, and what they say in plain words
tables — the tables and their indexes, made when they are missing
rows — what is known of a passage -> a row of the tables, and back
state — a generation's own row, and the articles that it is made of
snapshot — one generation, searched and read
draft — the next generation in the making, which a build that was killed goes on with
store — which generation is current, exchanged, gone back from and deleted
inspection — what is worth knowing of a database before something is amiss
"""
