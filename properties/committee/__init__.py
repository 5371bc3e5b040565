"""What the members of a committee say of one crystal, each carried through on its own."""
