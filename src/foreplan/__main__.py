"""`python -m foreplan` is the command `foreplan`."""

from foreplan.cli import main

if __name__ == "__main__":
    main()
