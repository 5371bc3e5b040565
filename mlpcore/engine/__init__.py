"""Our own engine for SevenNet networks on a CPU: C code behind a numpy interface."""
