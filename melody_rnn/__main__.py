"""`python -m melody_rnn` is the command `melody-rnn`."""

from melody_rnn.cli.main import main

if __name__ == "__main__":
    main()
