"""The composition root (factory, worker, cli, settings) above the domains, and the kernel (core, web) below them."""
