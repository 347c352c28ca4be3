"""Questions in, cited answers out: in Slack and in the terminal.  Imports `index`, never the reverse."""
