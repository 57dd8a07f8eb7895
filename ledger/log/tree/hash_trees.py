"""Small trees over given hashes, for what is bound into one log entry together (RFC 6962)."""

from collections.abc import Sequence

from ledger.log.errors import EvidenceRefused
from ledger.log.tree.merkle import check_inclusion, inclusion_spans, leaf_hash, tree_hash


class HashTrees:
    """Roots and paths of trees that are held in memory whole."""

    def root_of(self, entries: Sequence[bytes]) -> bytes:
        """The root over the entries in their order."""
        return tree_hash([leaf_hash(each) for each in entries])

    def path_to(self, index: int, entries: Sequence[bytes]) -> list[bytes]:
        """The audit path of one entry, its sibling first (RFC 6962 section 2.1.1)."""
        leaves = [leaf_hash(each) for each in entries]
        return [
            tree_hash(leaves[span.start : span.end]) for span in inclusion_spans(index, len(leaves))
        ]

    def leads_to(
        self, root: bytes, entry: bytes, *, index: int, size: int, path: Sequence[bytes]
    ) -> bool:
        """Whether the path leads from the entry at its index to the root of so many entries."""
        try:
            check_inclusion(leaf_hash(entry), index, size, path, root=root)
        except EvidenceRefused:
            return False
        return True
