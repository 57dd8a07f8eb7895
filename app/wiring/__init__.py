"""Which adapter satisfies which port, a module a subject; the factory and the worker read it."""
