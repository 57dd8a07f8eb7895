"""What can go wrong with a chain, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind


class ChainUnavailable(CounterfoilError):
    """The node does not answer, or answers with something that is no answer."""

    kind = ErrorKind.UNAVAILABLE
    slug = "chain-unavailable"
    title = "The chain does not answer"

    def __init__(self, detail: str) -> None:
        super().__init__(f"The node did not answer: {detail[:200]}", retry_after_seconds=5)


class WrongChain(CounterfoilError):
    """The node is of another chain than the one that is configured; nothing is signed for it."""

    kind = ErrorKind.UNAVAILABLE
    slug = "wrong-chain"
    title = "The node is of another chain"

    def __init__(self, *, said: int, configured: int) -> None:
        super().__init__(
            f"The node says that it is of chain {said}; chain {configured} is configured.",
            chain_id=said,
            configured_chain_id=configured,
        )


class GasPriceTooHigh(CounterfoilError):
    """Gas costs more than is configured; what waits for the chain goes on waiting."""

    kind = ErrorKind.UNAVAILABLE
    slug = "gas-price-too-high"
    title = "Gas costs too much"

    def __init__(self, *, asked: int, most: int) -> None:
        super().__init__(
            f"The node asks {asked} wei a unit of gas; at most {most} are paid.",
            gas_price=str(asked),
            gas_price_max=str(most),
        )


class ChainRefused(CounterfoilError):
    """The node or the contract refused the call or the transaction."""

    kind = ErrorKind.BAD_GATEWAY
    slug = "chain-refused"
    title = "The chain refused the transaction"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The chain refused: {reason[:200]}", reason=reason[:200])
        self.reason = reason


class TransactionPending(CounterfoilError):
    """The transaction was sent and its block is not final yet; asking again later is the remedy."""

    kind = ErrorKind.UNAVAILABLE
    slug = "transaction-pending"
    title = "The transaction is not in a final block yet"

    def __init__(self, subject: str, refusal: str = "") -> None:
        super().__init__(
            f"The node does not take the transaction: {refusal[:200]}"
            if refusal
            else "The transaction was sent and is not in a final block yet.",
            retry_after_seconds=5,
            subject=subject,
        )


class LicenceNotOnChain(CounterfoilError):
    """A revocation came before its grant; it is repeated until the grant is there."""

    kind = ErrorKind.CONFLICT
    slug = "licence-not-on-chain"
    title = "The licence is not on chain yet"

    def __init__(self, licence_id: str) -> None:
        super().__init__(
            "The grant has not reached the chain yet.",
            retry_after_seconds=5,
            licence_id=licence_id,
        )


class KeyNotOnChain(CounterfoilError):
    """A retirement came before its announcement; it is repeated until that is there."""

    kind = ErrorKind.CONFLICT
    slug = "key-not-on-chain"
    title = "The key is not on chain yet"

    def __init__(self, public_key: str) -> None:
        super().__init__(
            "The announcement has not reached the chain yet.",
            retry_after_seconds=5,
            public_key=public_key,
        )


class StatementDiffers(CounterfoilError):
    """The chain holds another root for the statement; nothing written here can change that."""

    kind = ErrorKind.CONFLICT
    slug = "statement-differs"
    title = "The chain holds another root for this statement"

    def __init__(self, statement_id: str) -> None:
        super().__init__(
            "Another root is recorded for this statement, and records are final.",
            statement_id=statement_id,
        )


class FinalityUnknown(CounterfoilError):
    """The configured finality is malformed, or the node does not offer it."""

    kind = ErrorKind.INVALID
    slug = "finality-unknown"
    title = "The chain does not offer this finality"

    def __init__(self, finality: str) -> None:
        super().__init__(
            "Finality is 'instant', 'confirmations:<1 to 10000>', 'tag:finalized' or 'tag:safe',"
            " and the node must know the tag.",
            finality=finality,
        )


class DeploymentMismatch(CounterfoilError):
    """The address holds other code than the contract that was deployed there."""

    kind = ErrorKind.CONFLICT
    slug = "deployment-mismatch"
    title = "The contract's address holds other code"

    def __init__(self, contract: str, address: str) -> None:
        super().__init__(
            f"The code at {address} is not the {contract}.", contract=contract, address=address
        )
