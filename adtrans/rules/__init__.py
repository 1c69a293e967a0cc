"""The derivative table: one line per scalar operation."""

from adtrans.rules import scalar
from adtrans.rules.rule import RULES, Rule, is_nondifferentiable, rule_of

__all__ = ["RULES", "Rule", "is_nondifferentiable", "rule_of", "scalar"]
