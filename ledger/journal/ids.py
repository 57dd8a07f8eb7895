"""Ids of credits, disputes, settlements and payouts, each of its own type."""

from typing import NewType

CreditId = NewType("CreditId", str)

DisputeId = NewType("DisputeId", str)

RunId = NewType("RunId", str)

SettlementId = NewType("SettlementId", str)

PayoutId = NewType("PayoutId", str)

BankAccountId = NewType("BankAccountId", str)

WithdrawalId = NewType("WithdrawalId", str)
