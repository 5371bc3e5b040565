"""Durable jobs: the store on disk, the queue, and the processes that work it off."""
