"""The composition root above the domains (factory, worker, cli), the kernel below (core, web)."""
