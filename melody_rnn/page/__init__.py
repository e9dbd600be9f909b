"""The page: melody_rnn in a browser, served on this machine or written as a folder for any web host."""
