"""A file's bytes -> a `Draft`: one reader for each kind of document, and the parts that they share.

In reading order:

decoding — bytes of a text or a web page -> characters: mark, then UTF-8, then what is declared
markup — HTML and Markdown marks inside a text: taken out if they are markup
furniture — what stands around an article and is no part of it: share labels, comment forms, related links
tables — tables of every format on one grid -> Markdown: each row on a line
packages — documents that are zip archives of XML: opened member by member
pandoc — runs pandoc, a program of its own
tree — the syntax tree of a document, as pandoc builds it -> the Markdown that is stored
page_parts — the elements of a web page before the article is looked for
chat — conversations -> a `Draft`: each message a paragraph that begins with who wrote it, and when
plain — Markdown and plain text -> a `Draft`: front matter kept, HTML taken out, paragraphs told apart
web_page — a web page -> a `Draft`: the article without what stands around it
word_styles — what the styles and lists of a Word document say of its paragraphs: names, numbers
word — a Word document (.docx) -> a `Draft`: made plain here, so that pandoc reads what a page of it shows
other_markup — what pandoc reads as it comes -> a `Draft`: OpenDocument, EPUB, RTF
slides — a PowerPoint file (.pptx) -> a `Draft`: each slide's title as a heading, its text
sheets — spreadsheets (.xlsx, .csv, .tsv) -> a `Draft`: each sheet is a table
mail — a saved e-mail (.eml) -> a `Draft`: its subject is the title; its text, who wrote it to whom
pdf_lines — letters with their places on a page -> lines of words
pdf_tables — rows of lines that stand beside each other -> a table: its columns, its rows, its head
pdf_paragraphs — lines below each other -> headings, list items and paragraphs
pdf_layout — letters with their places on pages -> Markdown blocks: columns, paragraphs, headings
pdf — a PDF -> a `Draft`: its letters with their places, what was filled into its form, and its facts
"""
