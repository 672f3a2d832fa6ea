"""The test bench of this site: hosts, transcripts, claims and the Markdown extension."""
