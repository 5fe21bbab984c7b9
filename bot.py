"""Start the bot: the same as `pixxelbot run`."""

import sys

from pixxelbot.cli.main import main

if __name__ == "__main__":
    sys.argv[1:] = ["run", *sys.argv[1:]]
    main()
