"""Who plays: which policy acts for which agents, and whom a policy plays against."""

from griddly_lit.policies.policy import Model, Policies, Policy, resolve_policies
from griddly_lit.policies.self_play import SelfPlay

__all__ = ["Model", "Policies", "Policy", "SelfPlay", "resolve_policies"]
