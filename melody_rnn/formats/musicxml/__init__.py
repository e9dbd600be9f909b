"""MusicXML: documents and compressed containers, read into scores and written from them."""
