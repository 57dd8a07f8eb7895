"""Evidence bundles: everything about a licence in one zip file, checked part by part."""
