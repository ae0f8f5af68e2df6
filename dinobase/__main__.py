"""`python -m dinobase` is the `dinobase` command."""

from dinobase.cli.main import main

if __name__ == "__main__":
    main()
